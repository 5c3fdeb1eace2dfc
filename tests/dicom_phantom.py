"""DICOM phantoms written with pydicom: series, enhanced files and clips with a known place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from napari_medassist.core.geometry import Geometry

STORAGE = {"MR": MRImageStorage, "CT": CTImageStorage, "US": UltrasoundMultiFrameImageStorage}
FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.10.1.7"


def new_dataset(sop_class: str, **tags: Any) -> FileDataset:
    """Return an empty file with the meta information that it needs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.PatientName = "Secret^Patient"
    ds.PatientID = "SECRET-ID"
    ds.StudyInstanceUID = "1.2.826.0.1.3680043.10.1.1"
    set_tags(ds, tags)
    return ds


def set_tags(ds: Dataset, tags: dict[str, Any]) -> None:
    """Set values by keyword; None takes a tag away."""
    for keyword, value in tags.items():
        if value is None:
            if keyword in ds:
                del ds[keyword]
        else:
            setattr(ds, keyword, value)


def set_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    """Store a grey image (y, x), or frames (t, y, x), uncompressed."""
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    bits = pixels.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"


def slice_dataset(
    pixels: np.ndarray, geometry: Geometry, index: int, *, modality: str = "MR", **tags: Any
) -> FileDataset:
    """Return slice ``index`` of a stored grid (z = slice, y = row, x = column)."""
    ds = new_dataset(
        STORAGE[modality],
        Modality=modality,
        SeriesInstanceUID="1.2.826.0.1.3680043.10.1.2",
        FrameOfReferenceUID=FRAME_OF_REFERENCE,
        SeriesNumber=4,
        SeriesDescription="phantom",
        InstanceNumber=index + 1,
        **place(geometry, index),
    )
    set_pixels(ds, pixels)
    set_tags(ds, tags)
    return ds


def place(geometry: Geometry, index: int) -> dict[str, Any]:
    """Return the tags that place slice ``index`` of a stored grid."""
    direction = geometry.direction
    return {
        "ImagePositionPatient": _decimals(geometry.index_to_lps((index, 0, 0))),
        "ImageOrientationPatient": _decimals([*direction[:, 0], *direction[:, 1]]),
        "PixelSpacing": _decimals(geometry.spacing_zyx_mm[1:]),
    }


def write_series(
    folder: Path,
    stored: np.ndarray,
    geometry: Geometry,
    *,
    skip: Sequence[int] = (),
    seed: int = 0,
    **tags: Any,
) -> list[Path]:
    """Write the slices of a stored array under names in random order; return them in slice order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    shuffled = random.Random(seed)  # noqa: S311  # only for file names
    for index, pixels in enumerate(stored):
        if index not in skip:
            path = folder / f"{shuffled.getrandbits(64):016x}"
            slice_dataset(pixels, geometry, index, **tags).save_as(path, enforce_file_format=True)
            paths.append(path)
    return paths


def item(**tags: Any) -> Dataset:
    """Return a sequence item."""
    ds = Dataset()
    set_tags(ds, tags)
    return ds


def items(*datasets: Dataset) -> DicomSequence:
    """Return a sequence."""
    return DicomSequence(list(datasets))


def write_enhanced(
    path: Path,
    stored: np.ndarray,
    geometry: Geometry,
    frames: Sequence[tuple[int, dict[str, Dataset]]],
    **tags: Any,
) -> None:
    """Write an enhanced MR file.

    Parameters
    ----------
    path, geometry
        The file; the stored grid.
    stored
        (frame, y, x).
    frames
        For each frame its slice index and further functional groups (keyword -> item).
    **tags
        Tags of the data set itself.
    """
    ds = new_dataset(
        EnhancedMRImageStorage,
        Modality="MR",
        SeriesInstanceUID="1.2.826.0.1.3680043.10.1.3",
        FrameOfReferenceUID=FRAME_OF_REFERENCE,
        SeriesNumber=9,
        SeriesDescription="enhanced",
        NumberOfFrames=len(frames),
    )
    set_pixels(ds, stored)
    tags_of = place(geometry, 0)
    ds.SharedFunctionalGroupsSequence = items(
        item(
            PlaneOrientationSequence=items(
                item(ImageOrientationPatient=tags_of["ImageOrientationPatient"])
            ),
            PixelMeasuresSequence=items(item(PixelSpacing=tags_of["PixelSpacing"], SliceThickness=3)),
        )
    )
    per_frame = []
    for index, groups in frames:
        position = item(ImagePositionPatient=place(geometry, index)["ImagePositionPatient"])
        further = {name: items(group) for name, group in groups.items()}
        per_frame.append(item(PlanePositionSequence=items(position), **further))
    ds.PerFrameFunctionalGroupsSequence = items(*per_frame)
    set_tags(ds, tags)
    ds.save_as(path, enforce_file_format=True)


def write_clip(path: Path, frames: np.ndarray, **tags: Any) -> None:
    """Write a grey multi-frame ultrasound file, frames (t, y, x)."""
    ds = new_dataset(
        UltrasoundMultiFrameImageStorage,
        Modality="US",
        SeriesInstanceUID=generate_uid(),
        SeriesNumber=1,
        SeriesDescription="EUS",
        InstanceNumber=1,
        NumberOfFrames=len(frames),
    )
    set_pixels(ds, frames)
    set_tags(ds, tags)
    ds.save_as(path, enforce_file_format=True)


def _decimals(values: Any) -> list[str]:
    """Return numbers as decimal strings of at most 16 characters, as DICOM asks."""
    return [f"{float(v):.10f}"[:16] for v in values]
