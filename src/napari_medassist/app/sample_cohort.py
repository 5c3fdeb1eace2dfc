"""A simulated cohort on disk: images, reference, two models and zones, to try the browser with.

Nothing in it is a patient. Most cases are easy; in some a good Dice hides a small lesion that a model
missed, and in others a poor Dice belongs to a lesion that was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import write

N_CASES = 40
_SHAPE_ZYX = (18, 96, 96)
_SPACING_ZYX_MM = (3.0, 0.7, 0.7)
_GLAND, _ZONES = (7.0, 34.0, 38.0), (5.5, 20.0, 24.0)
_CENTRE = (9.0, 48.0, 48.0)
_MOST_LESIONS = 3
_DARK, _GLAND_GREY, _AROUND_GREY, _NOISE = 130.0, 330.0, 210.0, 22.0
#: Model -> how often it misses a lesion, how many voxels its outline is off, how often it invents one.
MODELS: Mapping[str, tuple[float, float, float]] = {
    "model_a": (0.15, 0.8, 0.25),
    "model_b": (0.3, 0.5, 0.1),
}

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SampleCohort:
    """Where a simulated cohort lies.

    Parameters
    ----------
    reference, images, zones
        Folders.
    predictions
        Model -> folder.
    """

    reference: Path
    predictions: Mapping[str, Path]
    images: Path
    zones: Path


def write_sample_cohort(folder: Path, n_cases: int = N_CASES, *, seed: int = 7) -> SampleCohort:
    """Write a simulated cohort; what is there already is written over.

    Raises
    ------
    WriteFailed
        If it cannot be written.
    """
    cohort = sample_cohort_at(folder)
    for place in (cohort.reference, cohort.images, cohort.zones, *cohort.predictions.values()):
        place.mkdir(parents=True, exist_ok=True)
    for number in range(n_cases):
        _write_case(cohort, f"case_{number + 1:02}.nii.gz", np.random.default_rng((seed, number)))
    return cohort


def sample_cohort_at(folder: Path) -> SampleCohort:
    """Return the places of a simulated cohort below a folder."""
    return SampleCohort(
        folder / "reference",
        {name: folder / name for name in MODELS},
        folder / "images",
        folder / "zones",
    )


def _write_case(cohort: SampleCohort, name: str, rng: np.random.Generator) -> None:
    gland, inner = _ellipsoid(_CENTRE, _GLAND), _ellipsoid(_CENTRE, _ZONES)
    lesions = _lesions(rng)
    maps: dict[Path, NDArray[np.uint8]] = {cohort.reference: _union([_ellipsoid(*n) for n in lesions])}
    for model, place in cohort.predictions.items():
        maps[place] = _predicted(lesions, *MODELS[model], rng)
    maps[cohort.zones] = gland.astype(np.uint8) + inner.astype(
        np.uint8
    )  # 1 peripheral, 2 transition zone
    for place, values in maps.items():
        _write(values, place / name)
    _write(_image(gland, inner, maps[cohort.reference] > 0, rng), cohort.images / name)


def _lesions(rng: np.random.Generator) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return centre and half axes of no to three lesions, in voxels; further ones are small."""
    found = []
    for number in range(rng.integers(0, _MOST_LESIONS + 1)):
        centre = np.asarray(_CENTRE) + rng.uniform(-0.6, 0.6, 3) * _GLAND
        size = rng.uniform(6, 10) if number == 0 else rng.uniform(2, 3.5)
        found.append((centre, np.array([max(1.0, size / 4), size, size * rng.uniform(0.7, 1.2)])))
    return found


def _predicted(
    lesions: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    missed: float,
    off_by: float,
    invented: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Return what a model paints: it misses small lesions first, and its outlines are off."""
    shapes = []
    for number, (centre, size) in enumerate(lesions):
        if rng.random() < missed * (0.4 if number == 0 else 2):
            continue
        shift = np.array([0, *rng.normal(0, off_by, 2)])
        shapes.append(_ellipsoid(centre + shift, size * rng.uniform(0.75, 1.25)))
    if rng.random() < invented:
        centre = np.asarray(_CENTRE) + rng.uniform(-0.6, 0.6, 3) * _GLAND
        shapes.append(_ellipsoid(centre, np.array([1.0, *rng.uniform(2, 5, 2)])))
    return _union(shapes)


def _image(gland: Mask, inner: Mask, lesion: Mask, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return a picture a little like a T2-weighted one: a bright gland, dark lesions, noise."""
    values = np.full(_SHAPE_ZYX, _AROUND_GREY)
    values[gland] = _GLAND_GREY
    values[inner] = 0.8 * _GLAND_GREY
    values[lesion] = _DARK
    noise = rng.normal(0, _NOISE, _SHAPE_ZYX)
    smooth = (values + np.roll(values, 1, 1) + np.roll(values, 1, 2) + np.roll(values, -1, 1)) / 4
    return np.asarray(np.clip(smooth + noise, 0, None), dtype=np.uint16)


def _ellipsoid(centre: object, half_axes: object) -> Mask:
    z, y, x = np.ogrid[tuple(map(slice, _SHAPE_ZYX))]
    (cz, cy, cx), (az, ay, ax) = np.asarray(centre), np.asarray(half_axes)
    inside: Mask = ((z - cz) / az) ** 2 + ((y - cy) / ay) ** 2 + ((x - cx) / ax) ** 2 <= 1
    return inside


def _union(shapes: list[Mask]) -> NDArray[np.uint8]:
    found = np.zeros(_SHAPE_ZYX, dtype=np.uint8)
    for shape in shapes:
        found[shape] = 1
    return found


def _write(values: NDArray[np.uint8] | NDArray[np.uint16], path: Path) -> None:
    """Write whole numbers; those of an image are grey values."""
    write(LabelMap(values, Geometry(_SHAPE_ZYX, _SPACING_ZYX_MM)), path)
