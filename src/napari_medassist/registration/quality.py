"""What can be told of a map without knowing the truth: folding, growth, the way back, similarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.core.volume import Volume
from napari_medassist.registration.spec import Mask

_BINS = 32
_MOST_COMPARED = 4_000_000
#: Of the places that count, about so many are moved to measure how far.
_PLACES = 4096
#: Brighter than this share of an image's range (percentiles 1 to 99) is body where no mask says so.
_BODY_SHARE = 0.05


@dataclass(frozen=True)
class MapQuality:
    """What a map does to space, within the fixed image's body or mask.

    Attributes
    ----------
    folded_share
        Share of voxels whose Jacobian determinant is 0 or less: space is folded there.
    log_jacobian_sd
        Standard deviation of the logarithm of the determinant, over voxels that are not folded: 0 for
        a rigid map.
    volume_factors
        Percentiles 1 and 99 of the determinant.
    displacement_mm
        Median and percentile 95 of how far points are moved from where the scanner placed them.
    """

    folded_share: float
    log_jacobian_sd: float
    volume_factors: tuple[float, float]
    displacement_mm: tuple[float, float]


def map_quality(transform: Transform, fixed: Volume, mask: Mask | None = None) -> MapQuality:
    """Measure what a map does to space.

    Parameters
    ----------
    transform
        From the fixed image's space, LPS mm.
    fixed
        The fixed image: its body counts where there is no mask.
    mask
        bool (z, y, x) on its grid: where the map counts.
    """
    counted = body(fixed) if mask is None else mask
    determinant = jacobian_determinant(transform, fixed.geometry)[counted]
    upright = determinant[determinant > 0]
    places = _some_places(counted, fixed.geometry)
    moved = np.linalg.norm(transform.transform_points(places) - places, axis=1)
    low, high = np.percentile(determinant, [1, 99])
    return MapQuality(
        folded_share=float(np.mean(determinant <= 0)),
        log_jacobian_sd=float(np.log(upright).std()) if upright.size else float("nan"),
        volume_factors=(float(low), float(high)),
        displacement_mm=(float(np.median(moved)), float(np.percentile(moved, 95))),
    )


def jacobian_determinant(transform: Transform, geometry: Geometry) -> Float:
    """Return how a small volume grows under any map, at each voxel of a grid, (z, y, x).

    Of affine maps and fields on that grid it is exact up to finite differences; any other map is
    sampled on the grid first.
    """
    factor, fields = 1.0, []
    parts = transform.parts if isinstance(transform, CompositeTransform) else (transform,)
    for part in parts:
        if isinstance(part, AffineTransform):
            factor *= float(np.linalg.det(np.asarray(part.matrix_lps)[:3, :3]))
        else:
            fields.append(part)
    if not fields:
        return np.full(geometry.shape_zyx, factor)
    # Of an affine map after a field the determinants multiply; before one they lie elsewhere.
    first = parts[0]
    if (
        isinstance(first, DisplacementField)
        and len(fields) == 1
        and first.geometry.is_same_grid(geometry, tolerance_mm=1e-6)
    ):
        return np.asarray(first.jacobian_determinant() * factor)
    return DisplacementField.of(transform, geometry).jacobian_determinant()


def way_back_mm(there: Transform, back: Transform, fixed: Volume, mask: Mask | None = None) -> Float:
    """Return how far points come to lie from where they began, there and back, (n,) mm.

    Parameters
    ----------
    there
        Fixed to moving, from the registration.
    back
        Moving to fixed, from a registration of the same images the other way round.
    fixed, mask
        As for :func:`map_quality`.
    """
    places = _some_places(body(fixed) if mask is None else mask, fixed.geometry)
    returned = back.transform_points(there.transform_points(places))
    return np.asarray(np.linalg.norm(returned - places, axis=1))


def target_errors_mm(transform: Transform, fixed_lps_mm: Float, moving_lps_mm: Float) -> Float:
    """Return the target registration error of each pair of landmarks, (n,) mm.

    Parameters
    ----------
    transform
        Fixed to moving.
    fixed_lps_mm, moving_lps_mm
        (n, 3) each, the pairs in the same order.
    """
    moved = transform.transform_points(np.asarray(fixed_lps_mm, dtype=np.float64))
    return np.asarray(np.linalg.norm(moved - np.asarray(moving_lps_mm), axis=1))


def normalised_mutual_information(
    fixed: Volume, moved: NDArray[np.generic], seen: Mask, mask: Mask | None = None
) -> float:
    """Return the normalised mutual information of two images on one grid: 1 for none, 2 for all.

    (H(A) + H(B)) / H(A, B) after Studholme, Hill and Hawkes (Pattern Recognition 1999), from a
    histogram of 32 x 32 bins between percentiles 0.5 and 99.5.

    Parameters
    ----------
    fixed, moved
        The fixed image, and the moving one on its grid.
    seen
        Where the moving image shows anything.
    mask
        Where it counts; the fixed image's body by default.

    Returns
    -------
    float
        NaN where they share fewer voxels than the histogram has bins.
    """
    counted = (body(fixed) if mask is None else mask) & seen
    if np.count_nonzero(counted) < _BINS**2:
        return float("nan")
    there = np.flatnonzero(counted)
    # Of a very large image some voxels, spread over all that count, tell the same.
    there = there[:: max(1, len(there) // _MOST_COMPARED)]
    bins = []
    for array in (np.asarray(fixed.array), np.asarray(moved)):
        values = array.ravel()[there].astype(np.float64)
        low, high = np.percentile(values, [0.5, 99.5])
        share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
        bins.append(np.minimum((share * _BINS).astype(np.intp), _BINS - 1))
    joint = np.bincount(bins[0] * _BINS + bins[1], minlength=_BINS**2).reshape(_BINS, _BINS)
    both = _entropy(joint.ravel())
    return float("nan") if both == 0 else (_entropy(joint.sum(0)) + _entropy(joint.sum(1))) / both


def body(image: Volume) -> Mask:
    """Return where an image shows more than air; everywhere if that is nowhere."""
    values = np.asarray(image.array)
    low, high = np.percentile(values, [1, 99])
    found = np.asarray(values > low + _BODY_SHARE * (high - low))
    return found if found.any() else np.ones(values.shape, dtype=bool)


def _some_places(counted: Mask, geometry: Geometry) -> Float:
    """Return some of the voxels that count, spread over all of them, (n, 3) LPS mm."""
    there = np.flatnonzero(counted)
    some = there[:: max(1, len(there) // _PLACES)]
    index = np.stack(np.unravel_index(some, counted.shape), axis=-1)
    return geometry.index_to_lps(index.astype(np.float64))


def _entropy(counts: NDArray[np.integer]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
