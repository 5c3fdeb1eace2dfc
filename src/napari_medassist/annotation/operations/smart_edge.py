"""Smart edge: the outline follows the strongest edge between two clicks (intelligent scissors).

Mortensen and Barrett, "Intelligent scissors for image composition", SIGGRAPH 1995. The path of least
cost is found with scikit-image's minimum cost paths; all paths from the last click are found once, so
that the path to the cursor only has to be walked back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.graph import MCP_Geometric

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float

#: The cost of a step of 1 mm where there is no edge, and where it is strongest.
_FLAT, _EDGE = 1.0, 0.02
_SCALE_PERCENTILE = 99.0


def edge_cost(plane: NDArray[np.generic], spacing_mm: tuple[float, float], blur_mm: float) -> Float:
    """Return the cost of drawing through each pixel of a slice: low on edges.

    Parameters
    ----------
    plane
        The image, two axes.
    spacing_mm
        Distance between its pixels along both, in mm.
    blur_mm
        SD of the Gaussian whose derivative finds edges, in mm.

    Returns
    -------
    numpy.ndarray
        Cost per mm, 0.02..1; same shape.
    """
    sigma = blur_mm / np.asarray(spacing_mm)
    values = np.asarray(plane, dtype=np.float64)
    slopes = [
        ndimage.gaussian_filter(values, sigma, order=order) / mm
        for order, mm in zip(((1, 0), (0, 1)), spacing_mm, strict=True)
    ]
    strength = np.hypot(*slopes)
    scale = float(np.percentile(strength, _SCALE_PERCENTILE)) or 1.0
    share = np.clip(strength / scale, 0, 1)
    cost: Float = _EDGE + (_FLAT - _EDGE) * (1 - share) ** 2
    return cost


class SmartEdge:
    """Paths of least cost from the last click to anywhere near it.

    Parameters
    ----------
    cost
        See :func:`edge_cost`.
    spacing_mm
        Distance between its pixels along both axes, in mm.
    reach_mm
        Paths stay within a square that reaches so far from the last click.
    """

    def __init__(self, cost: Float, spacing_mm: tuple[float, float], reach_mm: float = 40.0) -> None:
        self._cost, self._spacing = cost, spacing_mm
        self._reach = [int(reach_mm / mm) + 1 for mm in spacing_mm]
        self._paths: MCP_Geometric | None = None
        self._corner = np.zeros(2, dtype=int)

    def start_at(self, point: tuple[float, float]) -> None:
        """Take a click as the start of the paths that follow.

        Raises
        ------
        InvalidSetting
            If it lies outside of the slice.
        """
        start = np.rint(point).astype(int)
        if (start < 0).any() or (start >= self._cost.shape).any():
            raise InvalidSetting("The point lies outside of the image.", cure="Click inside it.")
        self._corner = np.maximum(start - self._reach, 0)
        end = start + self._reach + 1
        window = self._cost[self._corner[0] : end[0], self._corner[1] : end[1]]
        self._paths = MCP_Geometric(window, sampling=self._spacing)
        self._shape = np.asarray(window.shape)
        self._paths.find_costs([tuple(start - self._corner)])

    def path_to(self, point: tuple[float, float]) -> NDArray[np.intp]:
        """Return the pixels from the last click to a point, (n, 2); to the nearest one within reach.

        Raises
        ------
        InvalidSetting
            If nothing was clicked yet.
        """
        if self._paths is None:
            raise InvalidSetting("Click the start of the outline first.")
        goal = np.clip(np.rint(point).astype(int) - self._corner, 0, self._shape - 1)
        return np.asarray(self._paths.traceback(tuple(goal)), dtype=np.intp) + self._corner
