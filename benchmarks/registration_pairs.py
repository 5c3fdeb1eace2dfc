"""Pairs of images whose true map is known: real images, turned, bent, and seen by another scanner.

The fixed image shows what the moving one shows at T(x), with T a rigid map after a smooth deformation;
both have noise and uneven brightness of their own, and one may be inverted or have another grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.core.volume import Volume
from napari_medassist.registration.quality import body
from napari_medassist.registration.resample import warped

Mask = NDArray[np.bool_]
Inverted = Literal["", "all", "body"]
_INVERTED: dict[Inverted, str] = {"": "alike", "all": "inverted", "body": "inverted in the body"}


@dataclass(frozen=True, eq=False)
class KnownPair:
    """Two images and the map between them.

    Attributes
    ----------
    name
        What was made of which image.
    fixed, moving
        The images.
    truth
        Fixed to moving, LPS mm.
    counted
        bool (z, y, x) on the fixed grid: the body, where the moving image shows it.
    """

    name: str
    fixed: Volume
    moving: Volume
    truth: Transform
    counted: Mask

    def errors_mm(self, found: Transform | None) -> NDArray[np.float64]:
        """Return end-point errors of a map (None: nothing is moved) at up to 40,000 places."""
        index = np.argwhere(self.counted)
        index = index[:: max(1, len(index) // 40_000)]
        places = self.fixed.geometry.index_to_lps(index.astype(np.float64))
        true = self.truth.transform_points(places)
        moved = places if found is None else found.transform_points(places)
        return np.linalg.norm(moved - true, axis=1)


def known_pair(
    name: str,
    source: Volume,
    fixed_grid: Geometry,
    *,
    seed: int,
    deformation_mm: float,
    smooth_mm: float = 22.0,
    turn_deg: float = 4.0,
    shift_mm: float = 4.0,
    inverted: Inverted = "",
) -> KnownPair:
    """Make a pair of one image.

    Parameters
    ----------
    name
        What it is called.
    source
        The image; it becomes the moving one, with noise and uneven brightness.
    fixed_grid
        Grid of the fixed one.
    seed
        Of all that is drawn.
    deformation_mm, smooth_mm
        Mean length of the smooth displacements, and width of the Gaussian that makes them smooth.
    turn_deg, shift_mm
        Of the rigid part, about a random axis.
    inverted
        Whether the fixed image's contrast is inverted: ``all``, or within the ``body`` only, which
        makes edges at its rim that the moving image does not have.
    """
    numbers = np.random.default_rng(seed)
    truth = _truth(fixed_grid, numbers, deformation_mm, smooth_mm, turn_deg, shift_mm)
    seen = warped(replace(source, array=np.asarray(source.array, dtype=np.float32)), truth, fixed_grid)
    values = np.asarray(seen.array)
    there = warped(
        Volume(np.ones(source.geometry.shape_zyx, dtype=np.float32), source.geometry),
        truth,
        fixed_grid,
        outside=0.0,
    )
    counted = body(seen) & (np.asarray(there.array) > 0.5)
    low, high = np.percentile(values, [0.5, 99.5])
    if inverted == "all":
        values = low + high - np.clip(values, low, high)
    elif inverted == "body":
        inside = gaussian_filter(counted.astype(np.float32), 1.0)
        values = low + (high - np.clip(values, low, high)) * inside
    fixed = replace(seen, array=_scanned(values, fixed_grid, numbers, high - low), name="fixed")
    moving_values = np.asarray(source.array, dtype=np.float32)
    moving = replace(
        source, array=_scanned(moving_values, source.geometry, numbers, high - low), name="moving"
    )
    return KnownPair(name, fixed, moving, truth, counted)


def coarser_grid(geometry: Geometry, spacing_zyx_mm: tuple[float, float, float]) -> Geometry:
    """Return a grid with other voxel distances over the same place."""
    extent = np.asarray(geometry.shape_zyx) * np.asarray(geometry.spacing_zyx_mm)
    z, y, x = (max(4, int(n)) for n in np.floor(extent / np.asarray(spacing_zyx_mm)))
    middle = geometry.index_to_lps((np.asarray(geometry.shape_zyx) - 1) / 2)
    half = (np.array([x, y, z]) - 1) / 2 * np.asarray(spacing_zyx_mm)[::-1]
    origin = middle - geometry.direction @ half
    return Geometry((z, y, x), spacing_zyx_mm, tuple(origin.tolist()), geometry.direction_lps)


def _truth(
    grid: Geometry,
    numbers: np.random.Generator,
    deformation_mm: float,
    smooth_mm: float,
    turn_deg: float,
    shift_mm: float,
) -> Transform:
    widths = [smooth_mm / mm for mm in grid.spacing_zyx_mm]
    parts = [
        gaussian_filter(numbers.standard_normal(grid.shape_zyx).astype(np.float32), widths)
        for _ in range(3)
    ]
    vectors = np.stack(parts, axis=-1)
    vectors *= deformation_mm / np.linalg.norm(vectors, axis=-1).mean()
    axis = numbers.standard_normal(3)
    turn = Rotation.from_rotvec(np.deg2rad(turn_deg) * axis / np.linalg.norm(axis)).as_matrix()
    shift = numbers.standard_normal(3)
    middle = grid.index_to_lps((np.asarray(grid.shape_zyx) - 1) / 2)
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = middle - turn @ middle + shift_mm * shift / np.linalg.norm(shift)
    rigid = AffineTransform.from_matrix(matrix)
    return CompositeTransform((DisplacementField(vectors.astype(np.float32), grid), rigid))


def _scanned(
    values: NDArray[np.float32], grid: Geometry, numbers: np.random.Generator, span: float
) -> NDArray[np.float32]:
    """Add uneven brightness (20 %) and noise (2 % of the span)."""
    widths = [60.0 / mm for mm in grid.spacing_zyx_mm]
    field = gaussian_filter(numbers.standard_normal(grid.shape_zyx).astype(np.float32), widths)
    bias = np.exp(0.1 * field / max(float(field.std()), 1e-9))
    base = float(values.min())
    noise = 0.02 * span * numbers.standard_normal(grid.shape_zyx)
    return np.asarray(base + (values - base) * bias + noise, dtype=np.float32)


def standard_pairs(mni: Path | None, data: Path | None) -> list[KnownPair]:
    """Return the pairs of the benchmark, as far as their images are there.

    Parameters
    ----------
    mni
        The MNI template (T1, 1 mm) that nilearn has in its package.
    data
        Folder with ``prostatex``, ``mr`` and ``ct``.
    """
    from napari_medassist.io.files import read, read_volume

    pairs = []
    if mni is not None:
        brain = read_volume(mni)
        middle = brain.geometry.index_to_lps((np.asarray(brain.geometry.shape_zyx) - 1) / 2)
        corner = middle - np.array([383 * 0.25, 383 * 0.25, 23 * 1.5])
        slab = Geometry((24, 384, 384), (3.0, 0.5, 0.5), tuple(corner.tolist()), np.eye(3))
        # Both have thick slices: the moving one is the template as such a scanner sees it.
        seen = warped(brain, AffineTransform.identity(), slab)
        for inverted in _INVERTED:
            name = f"MNI T1, 3 x 0.5 x 0.5 mm, {_INVERTED[inverted]}"
            made = known_pair(name, brain, slab, seed=1, deformation_mm=3.4, inverted=inverted)
            noisy = known_pair(name, seen, slab, seed=2, deformation_mm=0.0).moving
            pairs.append(replace(made, moving=noisy))
    if data is not None:
        t2w = read(data / "prostatex" / "ProstateX-0218").by_role("t2w")
        for inverted in _INVERTED:
            name = f"ProstateX-0218 T2w, {_INVERTED[inverted]}"
            pairs.append(
                known_pair(name, t2w, t2w.geometry, seed=3, deformation_mm=3.0, inverted=inverted)  # type: ignore[arg-type]
            )
        head = read_volume(data / "mr" / "brain1_image.nrrd")
        pairs.append(known_pair("brain1 MR", head, head.geometry, seed=4, deformation_mm=3.0))
        torso = read_volume(data / "ct" / "torso_ct_3mm.nii.gz")
        onto = coarser_grid(torso.geometry, (5.0, 3.0, 3.0))
        pairs.append(known_pair("torso CT, on 5 x 3 x 3 mm", torso, onto, seed=5, deformation_mm=4.0))
    return pairs
