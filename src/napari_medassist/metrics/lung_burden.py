"""How much of the lungs is opaque: volumes, shares, scores by part, and the corona score.

The corona score is named by Gozes et al. (2020; described by Greenspan et al. 2020). Its exact formula
was not readable: what is computed here is our reading of it, the sum of a map of opacities, where it is
at least a threshold, times the volume of a voxel, in cm3. The severity score of a part counts its
quarters, as reports of COVID-19 on CT commonly do. Thirds of a lung by height are called zones; they
are no lobes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch, InvalidSetting

Mask = NDArray[np.bool_]

#: From this density on an opacity is called dense: hardly any air is left in it.
DENSE_HU = -200.0
#: Edges of the histogram of densities.
HISTOGRAM_HU = np.arange(-1050.0, 251.0, 50.0)
_THIRDS = ("lower", "middle", "upper")


@dataclass(frozen=True)
class PartBurden:
    """Opacities of one part of the lungs.

    Attributes
    ----------
    name
        ``both lungs``, ``left lung``, ``left upper zone``, or that of a lobe.
    lung_ml, opacity_ml
        Volumes.
    share_percent
        Opacity of lung; NaN without lung.
    dense_percent
        Share of the opacity that is dense; NaN without opacity.
    mean_hu
        Mean density of the part; NaN without lung.
    severity
        0 none, 1 up to a quarter, 2 up to a half, 3 up to three quarters, 4 more; None without lung.
    """

    name: str
    lung_ml: float
    opacity_ml: float
    share_percent: float
    dense_percent: float
    mean_hu: float
    severity: int | None


@dataclass(frozen=True)
class PartChange:
    """What became of the opacities of one part since an earlier scan, measured in the later one.

    Attributes
    ----------
    name
        As in :class:`PartBurden`.
    persisting_ml, new_ml, gone_ml
        Opaque in both scans, in the later one only, and in the earlier one only.
    """

    name: str
    persisting_ml: float
    new_ml: float
    gone_ml: float


def lung_parts(left: Mask, right: Mask) -> dict[str, Mask]:
    """Return both lungs, each lung, and six zones: thirds of each lung by height.

    Parameters
    ----------
    left, right
        Masks (z, y, x), canonical: z grows toward superior.
    """
    parts = {"both lungs": left | right, "left lung": left, "right lung": right}
    for side, lung in (("left", left), ("right", right)):
        heights = np.nonzero(lung.any(axis=(1, 2)))[0]
        edges = (
            np.linspace(heights[0], heights[-1] + 1, len(_THIRDS) + 1)
            if heights.size
            else np.zeros(len(_THIRDS) + 1)
        )
        z = np.arange(lung.shape[0])
        for third, low, high in zip(_THIRDS, edges[:-1], edges[1:], strict=True):
            within = ((z >= low) & (z < high))[:, None, None]
            parts[f"{side} {third} zone"] = lung & within
    return parts


def burden(
    hu: NDArray[np.floating], parts: Mapping[str, Mask], opacity: Mask, voxel_mm3: float
) -> tuple[PartBurden, ...]:
    """Measure the opacities of each part.

    Parameters
    ----------
    hu
        CT numbers (z, y, x).
    parts
        Masks of the same shape, by name.
    opacity
        Mask of the opacities; what lies outside of a part does not count for it.
    voxel_mm3
        Volume of a voxel.

    Raises
    ------
    GeometryMismatch
        If the shapes differ.
    """
    _require_shapes(hu.shape, opacity, *parts.values())
    return tuple(_of_part(name, hu, part, opacity, voxel_mm3) for name, part in parts.items())


def changes(
    earlier: Mask, later: Mask, parts: Mapping[str, Mask], voxel_mm3: float
) -> tuple[PartChange, ...]:
    """Compare the opacities of two scans in each part.

    Parameters
    ----------
    earlier
        Opacities of the earlier scan, carried onto the later one's grid (z, y, x).
    later
        Opacities of the later scan.
    parts
        Masks of the later scan, by name.
    voxel_mm3
        Volume of a voxel.

    Raises
    ------
    GeometryMismatch
        If the shapes differ.
    """
    _require_shapes(earlier.shape, later, *parts.values())

    def ml(mask: Mask) -> float:
        return int(np.count_nonzero(mask)) * voxel_mm3 / 1000

    return tuple(
        PartChange(
            name,
            ml(earlier & later & part),
            ml(later & ~earlier & part),
            ml(earlier & ~later & part),
        )
        for name, part in parts.items()
    )


def corona_score(
    activation: NDArray[np.floating], lungs: Mask, voxel_mm3: float, threshold: float = 0.5
) -> float:
    """Return the absolute corona score in cm3; NaN without lung.

    Parameters
    ----------
    activation
        How much each voxel is opaque, 0..1 (z, y, x); of a mask, the score is its volume.
    lungs
        Mask of both lungs.
    voxel_mm3
        Volume of a voxel.
    threshold
        Activations below it do not count.

    Raises
    ------
    InvalidSetting
        If the threshold is not within 0..1.
    GeometryMismatch
        If the shapes differ.
    """
    if not 0 <= threshold <= 1:
        raise InvalidSetting(f"The threshold must lie within 0 and 1, got {threshold:g}.")
    _require_shapes(activation.shape, lungs)
    if not lungs.any():
        return float("nan")
    counted = activation[lungs & (activation >= threshold)]
    return float(counted.sum(dtype=np.float64)) * voxel_mm3 / 1000


def relative_scores(scores: tuple[float, ...]) -> tuple[float, ...]:
    """Return scores over the first one; NaN where the first is 0 or not known."""
    if not scores or not scores[0] > 0:
        return tuple(float("nan") for _ in scores)
    return tuple(score / scores[0] for score in scores)


def density_histogram(hu: NDArray[np.floating], lungs: Mask) -> NDArray[np.float64]:
    """Return the share of the lungs' voxels in each bin of ``HISTOGRAM_HU``; NaN without lung.

    The first and the last bin take what lies beyond them.
    """
    edges = HISTOGRAM_HU
    values = np.clip(hu[lungs], edges[0], np.nextafter(edges[-1], edges[0]))
    counts, _ = np.histogram(values, edges)
    return counts / values.size if values.size else np.full(len(edges) - 1, np.nan)


def _of_part(
    name: str, hu: NDArray[np.floating], part: Mask, opacity: Mask, voxel_mm3: float
) -> PartBurden:
    n = int(np.count_nonzero(part))
    found = part & opacity
    n_found = int(np.count_nonzero(found))
    share = 100 * n_found / n if n else float("nan")
    dense = 100 * float((hu[found] >= DENSE_HU).mean()) if n_found else float("nan")
    mean = float(hu[part].mean(dtype=np.float64)) if n else float("nan")
    ml = voxel_mm3 / 1000
    severity = None if not n else int(np.ceil(share / 25))
    return PartBurden(name, n * ml, n_found * ml, share, dense, mean, severity)


def _require_shapes(shape: tuple[int, ...], *masks: NDArray[np.generic]) -> None:
    for mask in masks:
        if mask.shape != shape:
            raise GeometryMismatch(f"A mask is {mask.shape} voxels, the image {shape}.")
