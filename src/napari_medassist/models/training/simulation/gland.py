"""A real prostate, laid into the window with another pose and form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.frame import (
    Array,
    Frame,
    column,
    rotation,
    sample,
)

Mask = NDArray[np.bool_]
SMALLEST = 300  # voxels; less is a gland that the pose pushed out of the window


@dataclass(frozen=True)
class Anatomy:
    """Label map of one prostate, cut out around its centre.

    Parameters
    ----------
    zones
        uint8 (z, y, x) at the frame's spacing: 1 peripheral zone, 2 transition zone.
    lesions
        bool of the same shape.
    name
        Where it is from.
    """

    zones: NDArray[np.uint8]
    lesions: Mask
    name: str = ""


@dataclass(frozen=True)
class Gland:
    """A prostate in the window.

    Parameters
    ----------
    peripheral, transition, lesions
        Masks (z, y, x); lesions may reach out of the gland.
    centre_mm, half_mm
        Centre and half sizes of its bounding box along z, y, x, in the frame.
    places_mm
        Offsets of all voxels from that centre, (3, z, y, x).
    outside_mm
        Distance of each voxel to the gland; 0 within it.
    """

    peripheral: Mask
    transition: Mask
    lesions: Mask
    centre_mm: NDArray[np.float64]
    half_mm: NDArray[np.float64]
    places_mm: Array
    outside_mm: Array

    @property
    def whole(self) -> Mask:
        """Both zones."""
        return self.peripheral | self.transition

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The label map: 1 peripheral zone, 2 transition zone."""
        return np.where(self.transition, 2, self.peripheral).astype(np.uint8)

    @property
    def relative(self) -> Array:
        """Offsets from the centre in half sizes of the gland, (3, z, y, x)."""
        return self.places_mm / column(self.half_mm)


def place(chance: Chance, frame: Frame, anatomy: Anatomy) -> Gland | None:
    """Lay an anatomy into the window; None if too little of it came to lie there."""
    centre = np.array(
        [chance.between(-15, 15), chance.normal(0, 11, limit=24), chance.normal(0, 9, limit=22)]
    )
    turned = rotation(chance.normal(0, 6), chance.normal(0, 8), chance.normal(0, 5))
    scale = chance.numbers.uniform([0.85, 0.82, 0.82], [1.2, 1.22, 1.22])
    matrix = turned @ np.diag(1 / scale) @ np.diag([1, 1, chance.sign()])
    at_mm = np.tensordot(matrix.astype(np.float32), frame.around(centre), axes=1)
    strength = chance.between(0, 2.2)
    for axis, factor in enumerate((1.2, 1.0, 1.0)):
        at_mm[axis] += strength * factor * chance.field((3, 5, 5))
    middle = (np.array(anatomy.zones.shape) - 1) / 2
    index = at_mm / column(np.array(frame.spacing_zyx_mm)) + column(middle)
    parts = [anatomy.zones == 1, anatomy.zones == 2, anatomy.lesions]
    peripheral, transition, lesions = sample(np.stack(parts).astype(np.float32), index, edge=False)
    whole = peripheral + transition > 0.5
    if np.count_nonzero(whole) < SMALLEST:
        return None
    is_transition = whole & (transition > peripheral)
    return _measured(frame, whole & ~is_transition, is_transition, lesions > 0.4)


def _measured(frame: Frame, peripheral: Mask, transition: Mask, lesions: Mask) -> Gland:
    whole = peripheral | transition
    index = np.argwhere(whole)
    low, high = index.min(axis=0), index.max(axis=0)
    step = np.array(frame.spacing_zyx_mm)
    centre = ((low + high) / 2 - (np.array(frame.shape_zyx) - 1) / 2) * step
    return Gland(
        peripheral=peripheral,
        transition=transition,
        lesions=lesions,
        centre_mm=centre,
        half_mm=(high - low + 1) / 2 * step,
        places_mm=frame.around(centre),
        outside_mm=_distance(whole, frame),
    )


def _distance(mask: Mask, frame: Frame) -> Array:
    """Return distances to a mask, computed at half the resolution in plane: a quarter of the time."""
    z, y, x = frame.spacing_zyx_mm
    coarse = ndimage.distance_transform_edt(~mask[:, ::2, ::2], sampling=(z, 2 * y, 2 * x))
    places = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in mask.shape), indexing="ij")
    index = np.stack(places) / column(np.array([1.0, 2.0, 2.0]))
    full: Array = sample(coarse[None].astype(np.float32), index)[0]
    full[mask] = 0
    return full
