"""DICOM series, enhanced multi-frame images and ultrasound clips (read only)."""

from __future__ import annotations

from napari_medassist.io.dicom.reader import read
from napari_medassist.io.dicom.scan import EXTENSIONS, is_dicom
from napari_medassist.io.format import FormatSpec

FORMAT = FormatSpec(
    name="dicom",
    title="DICOM",
    extensions=EXTENSIONS,
    read=read,
    sniff=is_dicom,
    reads_folders=True,
)
