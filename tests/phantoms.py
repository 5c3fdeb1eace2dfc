"""Small images and cases with a known place in the patient."""

from __future__ import annotations

import numpy as np

from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Acquisition, Modality, Volume
from tests.strategies import oblique

TILT_DEG = (12.0, -8.0, 5.0)


def volume(
    role: str = "t2w",
    *,
    shape_zyx: tuple[int, int, int] = (6, 20, 24),
    spacing_zyx_mm: tuple[float, float, float] = (3.0, 0.5, 0.6),
    origin_lps_mm: tuple[float, float, float] = (-10.0, 15.0, -40.0),
    direction: np.ndarray | None = None,
    n_timepoints: int = 1,
    name: str = "",
    **acquisition: object,
) -> Volume:
    """Return a volume whose every voxel has a value of its own."""
    stored = Geometry(
        shape_zyx, spacing_zyx_mm, origin_lps_mm, np.eye(3) if direction is None else direction
    )
    shape = shape_zyx if n_timepoints == 1 else (n_timepoints, *shape_zyx)
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return Volume.from_stored(
        array,
        stored,
        name=name or role,
        role=role,
        acquisition=Acquisition(**{"modality": Modality.MR, "description": role, **acquisition}),
    )


def oblique_case() -> Case:
    """Return a T2w and an ADC with the same tilt, and a DCE along the patient's axes."""
    tilted = oblique(np.eye(3), TILT_DEG)
    t2w = volume("t2w", direction=tilted, frame_of_reference_uid="1.2")
    adc = volume(
        "adc",
        shape_zyx=(5, 8, 9),
        spacing_zyx_mm=(3.6, 1.6, 1.6),
        origin_lps_mm=(-12.0, 14.0, -41.0),
        direction=tilted,
        frame_of_reference_uid="1.2",
    )
    dce = volume("dce", shape_zyx=(6, 12, 12), spacing_zyx_mm=(3.0, 1.5, 1.5), n_timepoints=4)
    return Case("phantom", (t2w, adc, dce))


def bright_point(image: Volume, point_lps_mm: tuple[float, float, float]) -> Volume:
    """Return the image, dark but for the voxel nearest to a patient point."""
    array = np.zeros(image.geometry.shape_zyx, dtype=np.float32)
    index = np.rint(image.geometry.lps_to_index(point_lps_mm)).astype(int)
    array[tuple(index)] = 100
    return image.with_changes(array=array)
