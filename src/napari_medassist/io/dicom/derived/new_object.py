"""What every DICOM object that is written from scratch begins with."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from napari_medassist import __version__

#: What an object repeats of the study that it belongs to.
_STUDY_KEYWORDS = (
    "SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName", "StudyDescription", "PatientIdentityRemoved", "DeidentificationMethod",
)  # fmt: skip
_MAY_BE_EMPTY = _STUDY_KEYWORDS[1:5] + _STUDY_KEYWORDS[6:11]


def new_object(image: Dataset, sop_class: str, **values: Any) -> FileDataset:
    """Return an object of the same patient and study as an image, in a series of its own.

    Parameters
    ----------
    image
        The header that patient and study are taken from.
    sop_class
        UID of what the object is.
    **values
        Further elements by keyword.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword in _STUDY_KEYWORDS:
        if keyword in image:
            dataset[keyword] = image[keyword]
        elif keyword in _MAY_BE_EMPTY:
            setattr(dataset, keyword, "")
    own = {
        "SOPClassUID": sop_class,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": generate_uid(),
        "InstanceNumber": 1,
        "PositionReferenceIndicator": "",
        "Manufacturer": "napari-medassist developers",
        "ManufacturerModelName": "napari-medassist",
        "SoftwareVersions": __version__,
    }
    for keyword, value in (own | values).items():
        setattr(dataset, keyword, value)
    return dataset


def item(**values: Any) -> Dataset:
    """Return an item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
