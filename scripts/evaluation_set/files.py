"""A finished picture as a DICOM file with a truthful header, its letters as a PNG, and its part of the truth."""

import hashlib
import io
import uuid

import cv2
import numpy as np
from PIL import Image
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

EXPLICIT, JPEG, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
SOP = "1.2.840.10008.5.1.4.1.1."
STORAGE = {
    "US": SOP + "6.1",
    "USCLIP": SOP + "3.1",
    "DX": SOP + "1.1",
    "CR": SOP + "1",
    "CT": SOP + "2",
    "XA": SOP + "12.1",
    "ES": SOP + "77.1.1",
    "OT": SOP + "7",
    "MR": SOP + "4",
    "SC1": SOP + "7.1",
}
BANDS = [(8.75, "06-08"), (12.5, "09-12"), (20.5, "13-20"), (40.5, "21-40"), (1000, "41-120")]


def uid(name):
    """A UID under 2.25 that depends on the name alone."""
    return "2.25." + str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4).int)


def finish(picture, random):
    """Rounds, compresses, measures the lines again and takes out those that nobody can read any more.

    Returns the samples, one array a frame, and the JPEG streams where there are any.
    """
    canvas = picture.canvas
    canvas.cut()
    subsampling = random.choice([0, 2])
    canvases = [canvas, *picture.frames]
    full = canvas.top if picture.one_bit else 1
    while True:
        samples = [rounded(picture, each.paint) for each in canvases]
        streams = None
        if picture.quality is not None:
            streams = [jpeg(frame, picture.quality, subsampling) for frame in samples]
            samples = [decoded(stream, frame.shape) for stream, frame in zip(streams, samples)]
        shown = [frame.astype(np.float32) * full for frame in samples]
        clean = [rounded(picture, each.clean).astype(np.float32) * full for each in canvases]
        lost = []
        for line in canvas.lines:
            canvas.judge(line, shown[line.frames[0]], clean[line.frames[0]])
            # Of a line of 1-bit letters that lost this much of their strokes nobody reads much.
            if not line.readability or (picture.one_bit and line.contrast < 165):
                lost.append(line)
        if not lost:
            return samples, streams
        for line in lost:
            canvas.lines.remove(line)
            for each in canvases[line.frames[0] : line.frames[1] + 1]:
                each.erase(line)


def rounded(picture, paint):
    """Samples as they are stored: integers, or 0 and 1."""
    if picture.one_bit:
        return (paint > 0.62 * picture.canvas.top).astype(np.uint8)
    kind = np.uint8 if picture.bits == 8 else np.uint16
    return np.clip(np.rint(paint), 0, picture.canvas.top).astype(kind)


def jpeg(samples, quality, subsampling):
    """Encodes baseline JPEG."""
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    buffer = io.BytesIO()
    more = {} if samples.shape[2] == 1 else {"subsampling": subsampling}
    image.save(buffer, "JPEG", quality=quality, **more)
    return buffer.getvalue()


def decoded(stream, shape):
    """Decodes what `jpeg` wrote."""
    return np.asarray(Image.open(io.BytesIO(stream))).reshape(shape)


def pack(lines):
    """Packs the letters of all lines into one 1-bit picture; returns it and each line's corner in it."""
    width = max([600, *(line.mask.shape[1] for line in lines)])
    x = y = row = 0
    corners = []
    for line in lines:
        height, own = line.mask.shape
        if x + own > width:
            x, y, row = 0, y + row, 0
        corners.append((x, y))
        x, row = x + own, max(row, height)
    sheet = np.zeros((y + row, width), bool)
    for line, (x, y) in zip(lines, corners):
        sheet[y : y + line.mask.shape[0], x : x + line.mask.shape[1]] = line.glyph()
    return Image.fromarray(sheet), corners


def write(picture, who, name, folder, random):
    """Writes the file and its letters; returns its part of the truth."""
    samples, streams = finish(picture, random)
    canvas = picture.canvas
    stored = streams is not None and random.random() < 0.6
    syntax = (
        JPEG if stored else RLE if random.random() < 0.15 and picture.bits == 8 and not picture.one_bit else EXPLICIT
    )
    dataset = header(picture, who, name, samples, streams is not None)
    pixels(dataset, picture, samples, streams if stored else None, syntax, random)
    dcmwrite(folder / f"{name}.dcm", dataset, enforce_file_format=True)
    codec = (
        f"codec:jpeg_{picture.quality // 20 * 20}-{picture.quality // 20 * 20 + 19}" if streams else "codec:lossless"
    )
    entry = {
        "file": f"{name}.dcm",
        "transfer_syntax": syntax,
        "frames": len(samples),
        "note": canvas.classes[0],
        "lines": [],
    }
    if not canvas.lines:
        return entry
    sheet, corners = pack(canvas.lines)
    sheet.save(folder / "glyphs" / f"{name}.png", optimize=True)
    entry["glyphs"] = f"glyphs/{name}.png"
    for line, corner in zip(canvas.lines, corners):
        height, width = line.mask.shape
        band = next(label for limit, label in BANDS if line.cap < limit)
        told = {
            "frames": list(line.frames),
            "box": [line.x, line.y, line.x + width, line.y + height],
            "text": line.text,
            "is_phi": line.phi,
            "class": sorted({*line.classes, f"cap:{band}", codec}),
            "cap_height": round(line.cap, 1),
            "contrast": round(line.contrast, 1),
            "glyphs": list(corner),
        }
        # Nobody reads a code or a scrawl.
        if not {"code", "signature"} & set(line.classes):
            told["readability"] = line.readability
        entry["lines"].append(told)
    return entry


def header(picture, who, name, samples, lossy):
    """A header that tells the same as the PHI lines."""
    modality = picture.modality
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    kind = "USCLIP" if modality == "US" and len(samples) > 1 else "SC1" if picture.one_bit else modality
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = STORAGE[kind]
    dataset.SOPInstanceUID = uid(name)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(name + "/study"), uid(name + "/series")
    dataset.StudyDate, dataset.StudyTime = who.date, who.time
    dataset.AccessionNumber = who.accession
    dataset.Modality = modality
    dataset.Manufacturer, dataset.ManufacturerModelName = who.device
    dataset.InstitutionName = who.institution
    dataset.InstitutionAddress = who.place
    dataset.ReferringPhysicianName = "^".join(who.physician.split(" ", 1))
    dataset.PatientName = f"{who.family}^{who.given}"
    dataset.PatientID = who.number
    dataset.PatientBirthDate = who.birth
    dataset.PatientSex = who.sex
    dataset.PatientAge = f"{int(who.date[:4]) - int(who.birth[:4]):03d}Y"
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", "1", "1"
    dataset.BurnedInAnnotation = "YES" if picture.canvas.lines else "NO"
    if modality == "OT" or picture.one_bit:
        dataset.ConversionType = "SI" if picture.canvas.paint.shape[2] == 3 else "DF"
    if lossy:
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
    return dataset


def pixels(dataset, picture, samples, streams, syntax, random):
    """Adds the pixel module and the pixels."""
    height, width, channels = samples[0].shape
    gray = (
        channels == 3
        and streams is None
        and all((frame == frame[..., :1]).all() for frame in samples)
        and random.random() < 0.5
    )
    if gray:
        samples, channels = [frame[..., :1] for frame in samples], 1
    dataset.SamplesPerPixel = channels
    photometric = "MONOCHROME1" if picture.inverted else "MONOCHROME2"
    if channels == 3:
        photometric = "YBR_FULL_422" if streams else "RGB"
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = height, width
    if len(samples) > 1 or picture.one_bit:
        dataset.NumberOfFrames = len(samples)
    if len(samples) > 1:
        dataset.FrameTime = "40"
    allocated = 1 if picture.one_bit else 8 if picture.bits == 8 else 16
    dataset.BitsAllocated = allocated
    dataset.BitsStored = 1 if picture.one_bit else picture.bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    if channels == 1 and picture.window:
        dataset.WindowCenter, dataset.WindowWidth = (str(value) for value in picture.window)
    if picture.inverted:
        samples = [(int(picture.canvas.top) - frame.astype(np.int64)).astype(frame.dtype) for frame in samples]
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if streams:
        dataset.PixelData = encapsulate(streams)
        dataset["PixelData"].VR = "OB"
        return
    data = np.stack(samples)
    if picture.one_bit:
        raw = np.packbits(data.reshape(-1), bitorder="little").tobytes()
    else:
        raw = data.astype(data.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if allocated <= 8 else "OW"
    if syntax == RLE:
        dataset.file_meta.TransferSyntaxUID = EXPLICIT
        dataset.compress(RLE, generate_instance_uid=False)
