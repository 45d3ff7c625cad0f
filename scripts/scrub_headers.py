#!/usr/bin/env python3
"""Writes copies of DICOM files whose headers tell nothing of the patient, the study and the site.

It serves to measure what deburn still masks when it has only the pixels to go by. It is no de-identification: free
text, private elements and UIDs stay.

    python3 -m venv venv && venv/bin/pip install -r scripts/requirements-evaluate.txt
    venv/bin/python scripts/scrub_headers.py INPUT_FOLDER OUTPUT_FOLDER

Emptied, at any depth: all elements of VR PN, DA, TM, DT and AS, and the identifiers named in KEYWORDS. What pydicom
cannot read or write again is left out, and named on standard error without its content.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

EMPTIED_VRS = {"PN", "DA", "TM", "DT", "AS"}

KEYWORDS = {
    "AccessionNumber",
    "AdmissionID",
    "DeviceSerialNumber",
    "FillerOrderNumberImagingServiceRequest",
    "InstitutionAddress",
    "InstitutionName",
    "InstitutionalDepartmentName",
    "IssuerOfPatientID",
    "OtherPatientIDs",
    "PatientAddress",
    "PatientID",
    "PatientSex",
    "PatientTelephoneNumbers",
    "PerformedProcedureStepID",
    "PlacerOrderNumberImagingServiceRequest",
    "RequestedProcedureID",
    "RequestingService",
    "ScheduledProcedureStepID",
    "StationName",
    "StudyID",
}


def scrub(_: Dataset, element: pydicom.DataElement) -> None:
    """Empties an element that identifies; a callback of Dataset.walk."""
    if element.VR in EMPTIED_VRS or element.keyword in KEYWORDS:
        element.value = None if element.VR in EMPTIED_VRS else ""


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 1
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    left_out = 0
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        output = target / path.relative_to(source)
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            dataset = pydicom.dcmread(path, force=True)
            dataset.walk(scrub)
            dataset.save_as(output)
        except Exception as error:  # noqa: BLE001: whatever it is, the file is left out and named
            output.unlink(missing_ok=True)
            left_out += 1
            print(f"left out: {path.relative_to(source)}: {type(error).__name__}", file=sys.stderr)
    return 2 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
