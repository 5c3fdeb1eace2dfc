"""A phantom study and labels on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Label, LabelMap, LabelScheme
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import read
from tests.dicom_phantom import write_series

SHAPE = (5, 12, 14)
PATIENT = {
    "PatientBirthDate": "19500102",
    "PatientSex": "M",
    "StudyDate": "20200304",
    "StudyTime": "101112",
    "StudyID": "1",
    "AccessionNumber": "ACC-123456",
    "ReferringPhysicianName": "Doctor^Referring",
    "SliceThickness": "3",
    "PositionReferenceIndicator": "",
}
SCHEME = LabelScheme((Label(3, "lesion", (200, 30, 40)), Label(7, "peripheral zone", (30, 160, 90))))


def study(folder: Path, direction: np.ndarray | None = None, **tags: object) -> Volume:
    """Write a study and return its volume as read."""
    geometry = Geometry(
        SHAPE, (3.0, 0.5, 0.7), (-11.0, 7.0, -33.0), np.eye(3) if direction is None else direction
    )
    stored = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    write_series(folder, stored, geometry, **{**PATIENT, **tags})
    (volume,) = read(folder).volumes()
    return volume


def labels_on(volume: Volume) -> LabelMap:
    """Return labels with a hole, a gap of slices, single voxels and voxels that touch at corners."""
    stored = np.zeros(SHAPE, np.uint8)
    stored[1, 2:9, 3:10] = 3
    stored[1, 4:6, 5:8] = 0
    stored[1, 5, 6] = 7
    stored[3, 0, 0] = stored[3, 1, 1] = stored[3, 11, 13] = 7
    stored[3, 6:8, 2:12] = 3
    array = volume.source_grid.to_canonical(stored)
    return LabelMap.on(volume, np.ascontiguousarray(array), name="lesion and zone", scheme=SCHEME)
