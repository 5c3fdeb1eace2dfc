"""Points of a plot without pixels: where undefined values go, what is under the mouse or in a lasso."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Share of an axis that its margin for undefined values takes, and the gap beside it.
_MARGIN, _GAP = 0.07, 0.03
#: Multiplied and cut off at 1, row numbers spread evenly over a margin.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Axis:
    """One axis: its finite values, and a margin below them for cases that have none.

    Parameters
    ----------
    low, high
        Smallest and largest finite value; 0 and 1 if there is none.
    n_missing
        Number of cases without a finite value.
    """

    low: float
    high: float
    n_missing: int

    @classmethod
    def of(cls, values: Floats) -> Axis:
        """Return the axis that holds some values."""
        finite = values[np.isfinite(values)]
        if not finite.size:
            return cls(0.0, 1.0, int(values.size))
        low, high = float(finite.min()), float(finite.max())
        return cls(low, high if high > low else low + 1.0, int(values.size - finite.size))

    @property
    def margin(self) -> tuple[float, float]:
        """Where undefined values are drawn, below the smallest one."""
        length = self.high - self.low
        end = self.low - _GAP * length
        return end - _MARGIN * length, end

    @property
    def limits(self) -> tuple[float, float]:
        """What to show: all values, and the margin if it is needed."""
        length = self.high - self.low
        start = self.margin[0] if self.n_missing else self.low
        return start - _GAP * length, self.high + _GAP * length

    def places(self, values: Floats, turn: int = 1) -> Floats:
        """Return where values are drawn: finite ones where they are, others spread over the margin.

        Parameters
        ----------
        values
            One a case.
        turn
            Another one for the other axis spreads cases that have neither value over a square.
        """
        placed = values.astype(np.float64, copy=True)
        missing = np.flatnonzero(~np.isfinite(placed))
        start, end = self.margin
        placed[missing] = start + (end - start) * ((missing * _GOLDEN * turn) % 1.0)
        return placed


def jittered(values: Floats, axis: Axis, share: float = 0.012) -> Floats:
    """Return values moved a little, each row always by the same amount."""
    rows = np.arange(values.size)
    return values + (axis.high - axis.low) * share * (2 * ((rows * _GOLDEN * 7) % 1.0) - 1)


def under_mouse(
    x: Floats, y: Floats, point: tuple[float, float], pixel: tuple[float, float], reach_px: float = 7.0
) -> NDArray[np.int64]:
    """Return the points near the mouse, the nearest first.

    Parameters
    ----------
    x, y
        Where the points are drawn.
    point
        Where the mouse is, in the same units.
    pixel
        Width and height of a pixel in these units.
    reach_px
        How near they have to be.
    """
    if not all(pixel):
        return np.empty(0, dtype=np.int64)
    distance = np.hypot((x - point[0]) / pixel[0], (y - point[1]) / pixel[1])
    near = np.flatnonzero(distance <= reach_px)
    return near[np.argsort(distance[near], kind="stable")]


def inside(x: Floats, y: Floats, outline: Floats) -> NDArray[np.bool_]:
    """Return which points lie in an outline.

    Parameters
    ----------
    x, y
        Where the points are drawn.
    outline
        Corners of a polygon, (n, 2); it is closed by itself.
    """
    found = np.zeros(x.shape, dtype=bool)
    in_box = (x >= outline[:, 0].min()) & (x <= outline[:, 0].max())
    in_box &= (y >= outline[:, 1].min()) & (y <= outline[:, 1].max())
    px, py = x[in_box], y[in_box]
    crossed = np.zeros(px.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        between = (y0 > py) != (y1 > py)
        crossed ^= between & (px < (x1 - x0) * (py - y0) / (y1 - y0) + x0)
    found[in_box] = crossed
    return found
