"""Two series in one view: which of them a place shows, and the upper one on the lower one's slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from napari_medassist.app.hanging.cuts import Cut
from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.transform import AffineTransform, Transform

#: ``swipe``: the upper series lies right of the divider; ``swipe-down``: below it.
FusionMode = Literal["blend", "checkerboard", "swipe", "swipe-down"]
FUSION_MODES: tuple[FusionMode, ...] = get_args(FusionMode)
#: No side of a sampled slice gets more pixels: a screen shows no more, and the wheel must not wait.
_MOST_PIXELS = 1024
#: A place on the outer face of a voxel belongs to it, in spite of rounding, in voxels.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Fusion:
    """How two series share a view.

    Parameters
    ----------
    mode
        ``blend``, ``checkerboard``, ``swipe`` or ``swipe-down``.
    opacity
        Share of the upper series in a blend, 0..1.
    tile_mm
        Side of a tile of the checkerboard, mm.
    divider
        Where the divider of a swipe stands, 0..1 of the view's width (or height).

    Raises
    ------
    InvalidImage
        If a number lies outside its range.
    """

    mode: FusionMode = "blend"
    opacity: float = 0.4
    tile_mm: float = 15.0
    divider: float = 0.5

    def __post_init__(self) -> None:
        if self.mode not in FUSION_MODES:
            raise InvalidImage(
                f"'{self.mode}' is no way to fuse series; known are {', '.join(FUSION_MODES)}."
            )
        if not (0 <= self.opacity <= 1 and 0 <= self.divider <= 1 and 0 < self.tile_mm < np.inf):
            raise InvalidImage("Opacity and divider go from 0 to 1, and a tile is larger than 0 mm.")

    @property
    def is_swipe(self) -> bool:
        """Whether there is a divider."""
        return self.mode in ("swipe", "swipe-down")

    @property
    def amount(self) -> float:
        """The number that this mode is set by: opacity, tile (mm) or divider."""
        amounts = {"blend": self.opacity, "checkerboard": self.tile_mm}
        return amounts.get(self.mode, self.divider)

    def in_mode(self, mode: FusionMode) -> Fusion:
        """Return the same numbers in another mode; a divider begins in the middle."""
        return replace(self, mode=mode, divider=0.5)

    def with_amount(self, amount: float) -> Fusion:
        """Return the same with another number of its mode."""
        if self.mode == "blend":
            return replace(self, opacity=amount)
        if self.mode == "checkerboard":
            return replace(self, tile_mm=amount)
        return replace(self, divider=amount)

    def weights(self, right_mm: ArrayLike, down_mm: ArrayLike, divider_mm: float = 0.0) -> Float:
        """Return the share of the upper series at places of a view.

        Parameters
        ----------
        right_mm, down_mm
            Places of the columns and of the rows along the view's axes, mm.
        divider_mm
            Where the divider of a swipe lies, along the axis that it moves on, mm.

        Returns
        -------
        Float
            (rows, columns), 0..1. Tiles of the checkerboard lie fast in the patient; the one that
            begins at 0, 0 mm shows the lower series.
        """
        right, down = np.asarray(right_mm, dtype=np.float64), np.asarray(down_mm, dtype=np.float64)
        shares: Float = np.full((down.size, right.size), self.opacity)
        if self.mode == "checkerboard":
            tiles = np.floor(down / self.tile_mm)[:, None] + np.floor(right / self.tile_mm)
            shares = np.asarray(tiles % 2, dtype=np.float64)
        elif self.mode == "swipe":
            shares[:] = right >= divider_mm
        elif self.mode == "swipe-down":
            shares[:] = (down >= divider_mm)[:, None]
        return shares


@dataclass(frozen=True, eq=False)
class Overlay:
    """The upper series where the lower one's slice lies.

    Parameters
    ----------
    cut
        Its values, placed in the view.
    is_inside
        (row, column); False where it does not reach: there nothing of it is shown.
    """

    cut: Cut
    is_inside: NDArray[np.bool_]


def overlay_on(
    fixed: Cut,
    view: ViewPlane,
    array: Any,
    geometry: Geometry,
    transform: Transform,
    *,
    is_smooth: bool = True,
) -> Overlay:
    """Sample a series where the slice of another one lies, for display only.

    Pixels are as small as the finest of both, so that a fine series does not become coarse over a
    coarse one. Values between voxels are trilinear, or those of the nearest voxel.

    Parameters
    ----------
    fixed
        The slice of the lower series.
    view
        The plane of the view that it lies in.
    array
        (z, y, x) of the upper series.
    geometry
        Its grid, however it lies to the view.
    transform
        Where a point of the lower series lies in the upper one, LPS mm to LPS mm.
    is_smooth
        False takes the nearest voxels.
    """
    (left, n_columns, step_x), (top, n_rows, step_y) = (
        _pixels(fixed, axis, min(geometry.spacing_zyx_mm)) for axis in (0, 1)
    )
    right: Float = left + step_x * np.arange(n_columns, dtype=np.float64)
    down: Float = top + step_y * np.arange(n_rows, dtype=np.float64)
    index = _index_zyx(right, down, fixed.depth_mm, view, geometry, transform)
    is_inside = np.ones((n_rows, n_columns), dtype=bool)
    for axis, n in enumerate(geometry.shape_zyx):
        is_inside &= (index[axis] >= -0.5 - _ROUNDING) & (index[axis] <= n - 0.5 + _ROUNDING)
    values = np.zeros((n_rows, n_columns), dtype=np.float32)
    if is_inside.any():
        block, within = _around(array, [along[is_inside] for along in index])
        values[is_inside] = map_coordinates(
            block, within, order=int(is_smooth), mode="nearest", output=np.float32
        )
    return Overlay(Cut(values, (left, top), (step_x, step_y), fixed.depth_mm), is_inside)


def _index_zyx(
    right: Float,
    down: Float,
    depth_mm: float,
    view: ViewPlane,
    geometry: Geometry,
    transform: Transform,
) -> list[Float]:
    """Return where pixels lie in a grid: for z, y and x, an index for each (row, column)."""

    def index_of(places_mm: ArrayLike) -> Float:
        return geometry.lps_to_index(transform.transform_points(view.to_lps(places_mm)))

    if isinstance(transform, AffineTransform):  # three points tell all: the wheel must not wait
        start, right_1, down_1 = index_of([(0, 0, depth_mm), (1, 0, depth_mm), (0, 1, depth_mm)])
        steps = zip(start, right_1 - start, down_1 - start, strict=True)
        return [first + below * down[:, None] + beside * right for first, beside, below in steps]
    places = np.empty((down.size, right.size, 3))
    places[..., 0], places[..., 1], places[..., 2] = right, down[:, None], depth_mm
    index = index_of(places)
    return [index[..., axis] for axis in range(3)]


def _pixels(fixed: Cut, axis: int, finest_mm: float) -> tuple[float, int, float]:
    """Return the first centre, number and size of pixels that cover a slice along right or down."""
    n, step = fixed.values.shape[1 - axis], fixed.step_mm[axis]
    length = n * abs(step)
    start = min(fixed.first_mm[axis], fixed.first_mm[axis] + (n - 1) * step) - abs(step) / 2
    parts = max(1, int(np.ceil(abs(step) / finest_mm - 1e-6)))  # of each pixel of the slice
    n_pixels = n * max(1, min(parts, _MOST_PIXELS // n))
    return start + length / n_pixels / 2, n_pixels, length / n_pixels


def _around(array: Any, index_zyx: list[Float]) -> tuple[NDArray[Any], list[Float]]:
    """Return the part of an array that holds indices along z, y, x, and the indices in it."""
    first = [max(int(np.floor(along.min())), 0) for along in index_zyx]
    last = [int(np.ceil(along.max())) for along in index_zyx]
    block = np.asarray(array[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))])
    return block, [along - start for along, start in zip(index_zyx, first, strict=True)]
