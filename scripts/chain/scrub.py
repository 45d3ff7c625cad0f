#!/usr/bin/env python3
"""Runs a tag scrubber over the files that deburn has handed on.

    deburn mask STUDIES -o CLEAN --marks all
    deburn handoff CLEAN/deburn-report.jsonl -0 | \\
        venv/bin/python scripts/chain/scrub.py dicom-anonymizer CLEAN DONE      # or dicognito

The list on standard input has one path below CLEAN for each file, ended by NUL; DONE gets the same tree. What deburn has
held or wants reviewed is in no list, so it stays behind. Needs the packages of scripts/requirements-chain.txt.

Both scrubbers run through their Python interfaces in one process, because each keeps its mapping of UIDs in memory: what
belongs together before belongs together after. What they leave undone is done here:

- dicom-anonymizer applies the Basic Profile to the outermost level alone, empties references to other instances, and does
  not say what it has done: it is run on the items of all sequences that are left too, references get the new UIDs, Patient
  Identity Removed becomes YES, and De-identification Method Code Sequence gets 113100, beside what deburn has put there.
- dicognito leaves private elements and free texts alone: private elements go, and so do all texts that PS3.15 has removed
  or cleaned for the Basic Profile and dicognito keeps (TEXTS). It says that identity is removed only where Burned In
  Annotation is NO, which what has no pixels does not say: there it is said here.

An image of which Burned In Annotation is not NO never gets Patient Identity Removed.

Exit code 1 if a file could not be scrubbed; it is not in DONE then. Messages name files, never values.
"""

import argparse
import sys
from pathlib import Path

# Texts and devices that PS3.15 table E.1-1 has removed or cleaned and that dicognito leaves as they are.
TEXTS = """
AcquisitionComments AcquisitionProtocolDescription AdditionalPatientHistory AdmittingDiagnosesDescription Allergies
ClinicalTrialProtocolName ClinicalTrialSiteName CommentsOnThePerformedProcedureStep CurrentPatientLocation DeviceSerialNumber
EthnicGroup FrameComments GraphicAnnotationSequence ImageComments ImagePresentationComments InstitutionalDepartmentName
IssuerOfPatientID MedicalAlerts OtherPatientIDsSequence PatientAddress PatientComments PatientState
PerformedProcedureStepDescription PerformedStationName PhysiciansOfRecord ProtocolName ReasonForStudy
ReasonForTheRequestedProcedure RequestAttributesSequence RequestedProcedureComments RequestedProcedureDescription
SeriesDescription SpecialNeeds StationName StudyComments StudyDescription TextComments UnformattedTextValue
VisitComments
""".split()

# What deburn has put there; no item of it tells of a person.
OWN = ("DeidentificationMethodCodeSequence",)

BASIC_PROFILE = ("113100", "DCM", "Basic Application Confidentiality Profile")


PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def may_be_told(dataset):
    """Returns whether nothing of the identity can be left in pixels."""
    return dataset.get("BurnedInAnnotation") == "NO" or not any(keyword in dataset for keyword in PIXELS)


def say_profile(dataset):
    """Adds the code of the Basic Profile to the methods."""
    from pydicom import Dataset, Sequence

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = BASIC_PROFILE
    methods = list(dataset.get("DeidentificationMethodCodeSequence", []))
    if not any(method.CodeValue == item.CodeValue for method in methods):
        dataset.DeidentificationMethodCodeSequence = Sequence([*methods, item])


def items(dataset):
    """Yields the items of all sequences of a data set, not those in them."""
    for element in dataset:
        if element.VR == "SQ" and element.keyword not in OWN:
            yield from element.value


class Once(dict):
    """A mapping of UIDs that leaves what it has given out as it is."""

    def __init__(self):
        super().__init__({"": ""})

    def __setitem__(self, old, new):
        super().__setitem__(old, new)
        super().__setitem__(new, new)


def dicom_anonymizer():
    """Returns a function that scrubs a data set with dicom-anonymizer."""
    from dicomanonymizer import simpledicomanonymizer
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions_2024b, keep

    # It goes into some sequences by itself: a UID that it has made there must not be replaced again.
    simpledicomanonymizer.dictionary = Once()
    # References to other instances (X/Z/U*) it empties. Their UIDs are replaced with all others of their items.
    references = {tag: keep for tag in dicom_anonymization_database_selector("dicomfields_2024b")["X_Z_U_STAR_TAGS"]}

    def scrub(dataset):
        anonymize_dataset(dataset, references, delete_private_tags=True, base_rules_gen=initialize_actions_2024b)
        for item in items(dataset):
            scrub(item)

    def whole(dataset):
        scrub(dataset)
        if may_be_told(dataset):
            dataset.PatientIdentityRemoved = "YES"
            say_profile(dataset)

    return whole


def dicognito():
    """Returns a function that scrubs a data set with dicognito."""
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer()

    def drop(dataset, element):
        if element.keyword == "TextValue":
            # An item of a structured report has to have one.
            element.value = "REMOVED"
        elif element.keyword in TEXTS:
            del dataset[element.tag]

    def scrub(dataset):
        anonymizer.anonymize(dataset)
        dataset.remove_private_tags()
        dataset.walk(drop)
        if may_be_told(dataset):
            dataset.PatientIdentityRemoved = "YES"

    return scrub


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scrubber", choices=["dicom-anonymizer", "dicognito"])
    parser.add_argument("clean", type=Path, help="output folder of deburn")
    parser.add_argument("done", type=Path, help="folder for the scrubbed files")
    options = parser.parse_args()
    # Only now, so that --help needs no package.
    from pydicom import dcmread

    scrub = {"dicom-anonymizer": dicom_anonymizer, "dicognito": dicognito}[options.scrubber]()
    failed = 0
    names = [Path(name) for name in sys.stdin.read().split("\0") if name]
    for name in names:
        target = options.done / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            dataset = dcmread(options.clean / name, force=True)
            scrub(dataset)
            # The scrubbers know of no preamble; one may hold anything.
            dataset.preamble = b"\0" * 128
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.save_as(target, enforce_file_format=True)
        except Exception as error:  # noqa: BLE001: whatever it is, the file stays behind and is named
            target.unlink(missing_ok=True)
            failed += 1
            print(f"scrub.py: {name}: {type(error).__name__}", file=sys.stderr)
    print(f"{len(names) - failed} of {len(names)} files scrubbed with {options.scrubber}")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
