"""Finding DICOM files by their content, and reading their headers."""

from __future__ import annotations

import os
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import MediaStorageDirectoryStorage

from napari_medassist.core.errors import CorruptFile
from napari_medassist.io.dicom.diffusion import PRIVATE_TAGS
from napari_medassist.io.dicom.tags import MALFORMED, Tags
from napari_medassist.io.dicom.timing import TIME_KEYWORDS

#: Endings by which a file claims to be DICOM.
EXTENSIONS = (".dcm", ".ima")

#: What the header pass reads. The names and dates of the patient are not among it, on purpose.
HEADER_KEYWORDS = (
    "AcquisitionDate", "BitsAllocated", "BitsStored", "CineRate", "Columns", "ContentDate",
    "DiffusionBValue", "DiffusionGradientOrientation", "EchoTime", "FlipAngle", "FrameIncrementPointer",
    "FrameOfReferenceUID", "FrameTime", "FrameTimeVector", "ImageOrientationPatient",
    "ImagePositionPatient", "ImageType", "InstanceNumber", "Manufacturer", "Modality",
    "ModalityLUTSequence", "NumberOfFrames", "PerFrameFunctionalGroupsSequence",
    "PhotometricInterpretation", "PixelRepresentation", "PixelSpacing", "ProtocolName",
    "PulseSequenceName", "RecommendedDisplayFrameRate", "RepetitionTime", "RescaleIntercept",
    "RescaleSlope", "RescaleType", "Rows", "SOPClassUID", "SOPInstanceUID", "SamplesPerPixel",
    "SequenceName", "SequenceOfUltrasoundRegions", "SeriesDescription", "SeriesInstanceUID",
    "SeriesNumber", "SharedFunctionalGroupsSequence", "SliceThickness", "SpacingBetweenSlices",
    "TemporalResolution", "Units", "WindowCenter", "WindowWidth",
)  # fmt: skip
_HEADER_TAGS: list[str | int] = [*HEADER_KEYWORDS, *TIME_KEYWORDS, *PRIVATE_TAGS]

_PREAMBLE_BYTES = 128
#: First group of a data set without preamble: file meta information, or identification (either endian).
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")


def files_below(folder: Path) -> list[Path]:
    """Return all files of a folder and of the folders below it, sorted by path.

    Pipes and devices are no files: reading one could take for ever.
    """
    found = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.is_file() or path.is_symlink())


def is_dicom(path: Path) -> bool:
    """Tell from its content whether a file is DICOM, whatever its name. Never raises."""
    try:
        with path.open("rb") as file:
            start = file.read(_PREAMBLE_BYTES + 4)
    except OSError:
        return False
    if start[_PREAMBLE_BYTES:] == b"DICM":
        return True
    return start[:2] in _FIRST_GROUPS and _parses_without_preamble(path)


def read_header(path: Path) -> FileDataset:
    """Read the header values that the reader uses, without the pixels.

    Raises
    ------
    CorruptFile
        If the header breaks off or cannot be parsed.
    """
    try:
        return dcmread(path, stop_before_pixels=True, force=True, specific_tags=_HEADER_TAGS)
    except MALFORMED as error:
        raise CorruptFile(
            f"The DICOM header cannot be read ({error or type(error).__name__}).",
            path=path,
            cure="The file may be truncated: copy it anew from its source.",
        ) from error


def series_uid(path: Path) -> str:
    """Return the series that a file belongs to; empty if it is not DICOM or cannot be read."""
    if not is_dicom(path):
        return ""
    try:
        header = dcmread(path, stop_before_pixels=True, force=True, specific_tags=["SeriesInstanceUID"])
        return str(header.get("SeriesInstanceUID", ""))
    except MALFORMED:
        return ""


def is_directory_file(dataset: FileDataset) -> bool:
    """Tell whether it is a DICOMDIR: a table of contents, no image."""
    meta = Tags(Path(), (dataset.file_meta,))
    return meta.text("MediaStorageSOPClassUID") == str(MediaStorageDirectoryStorage)


def _parses_without_preamble(path: Path) -> bool:
    try:
        dataset = dcmread(
            path, stop_before_pixels=True, force=True, specific_tags=["SOPClassUID", "Modality"]
        )
        return "SOPClassUID" in dataset or "Modality" in dataset
    except MALFORMED:
        return False
