"""DICOM objects that are no images of the patient, and what they are called."""

from __future__ import annotations

from napari_medassist.io.dicom.header import Header

#: Binary and fractional segmentations, and those that hold label values.
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"

_BY_SOP_CLASS = {
    "1.2.840.10008.5.1.4.1.1.66.5": "a surface segmentation",
    "1.2.840.10008.5.1.4.1.1.66": "raw data",
    "1.2.840.10008.5.1.4.1.1.104.1": "an encapsulated PDF",
}
_BY_MODALITY = {
    "SEG": "a segmentation of an unknown kind",
    "RTPLAN": "a radiotherapy plan (RTPLAN)",
    "RTDOSE": "a radiotherapy dose (RTDOSE)",
    "RTRECORD": "a radiotherapy record (RTRECORD)",
    "PR": "a presentation state (PR)",
    "KO": "a key object selection (KO)",
    "REG": "a registration (REG)",
    "FID": "spatial fiducials (FID)",
    "DOC": "a document",
    "ECG": "a waveform (ECG)",
    "HD": "a waveform (HD)",
}


def is_derived(header: Header) -> bool:
    """Tell whether a file is a segmentation, a structure set or a structured report."""
    return header.sop_class_uid in (*SEGMENTATIONS, STRUCTURE_SET) or header.modality_code in (
        "RTSTRUCT",
        "SR",
    )


def not_an_image(header: Header) -> str:
    """Return what an object is that is not read as an image; empty for images."""
    for known, key in ((_BY_SOP_CLASS, header.sop_class_uid), (_BY_MODALITY, header.modality_code)):
        if key in known:
            return known[key]
    if header.rows < 1 and header.columns < 1:
        return "an object without an image"
    return ""
