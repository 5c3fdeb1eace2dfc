"""Maps that landmarks alone decide: the nearest rigid one, and the thin-plate spline through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, DisplacementField
from napari_medassist.registration.spec import Fit, Pair, Registered
from napari_medassist.registration.start import from_landmarks

#: As many as an affine map in space has corners: fewer leave it open.
LEAST_PAIRS = 4
_LEAST_SPREAD = 1e-3  # smallest over largest spread of the landmarks; below, they lie in a plane
_VALUES_AT_ONCE = 8_000_000
_SAME_PLACE_MM = 1e-6


@dataclass(frozen=True, eq=False)
class ThinPlateSpline:
    """The map through all landmarks that bends space least (Duchon 1977; Bookstein 1989).

    In three dimensions a landmark acts by its distance, r; an affine part takes what bends nothing.

    Parameters
    ----------
    centres_lps_mm
        (n, 3), where the landmarks lie in the fixed image.
    weights_mm
        (n, 3): how much each displaces along x, y, z for a mm of distance.
    affine
        (4, 3): displacement at the origin, and what a mm along x, y and z adds.
    """

    centres_lps_mm: Float
    weights_mm: Float
    affine: Float

    @classmethod
    def through(cls, fixed_lps_mm: Float, moving_lps_mm: Float) -> Self:
        """Return the spline that maps landmarks onto their partners.

        Parameters
        ----------
        fixed_lps_mm, moving_lps_mm
            (n, 3), the pairs in the same order.

        Raises
        ------
        InvalidSetting
            If there are fewer than four pairs, the landmarks lie in a plane, or two of them are at the
            same place of the fixed image.
        """
        fixed, moving = (np.asarray(p, dtype=np.float64) for p in (fixed_lps_mm, moving_lps_mm))
        n = len(fixed)
        if n < LEAST_PAIRS:
            raise InvalidSetting(
                f"A thin-plate spline needs at least {LEAST_PAIRS} pairs of landmarks, not {n}.",
                cure="Add some, or choose landmarks-rigid (three pairs).",
            )
        apart = cdist(fixed, fixed)
        if apart[~np.eye(n, dtype=bool)].min() < _SAME_PLACE_MM:
            raise InvalidSetting(
                "Two landmarks are at the same place of the fixed image.", cure="Remove one of them."
            )
        spread = np.linalg.svd(fixed - fixed.mean(axis=0), compute_uv=False)
        if spread[2] < _LEAST_SPREAD * spread[0]:
            raise InvalidSetting(
                "The landmarks lie in a plane: what is off it stays open.",
                cure="Add one on another slice, or choose landmarks-rigid.",
            )
        linear = np.column_stack([np.ones(n), fixed])
        system = np.zeros((n + 4, n + 4))
        system[:n, :n], system[:n, n:], system[n:, :n] = apart, linear, linear.T
        wanted = np.concatenate([moving - fixed, np.zeros((4, 3))])
        solved = np.linalg.solve(system, wanted)
        return cls(fixed, solved[:n], solved[n:])

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm, fixed to moving."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        flat = points.reshape(-1, 3)
        moved = np.empty_like(flat)
        step = max(1, _VALUES_AT_ONCE // len(self.centres_lps_mm))
        for first in range(0, len(flat), step):
            here = flat[first : first + step]
            bent = cdist(here, self.centres_lps_mm) @ self.weights_mm
            moved[first : first + step] = here + bent + self.affine[0] + here @ self.affine[1:]
        return moved.reshape(points.shape)

    def on(self, grid: Geometry, progress: Progress = silent) -> DisplacementField:
        """Return its displacements at the voxels of a grid."""
        vectors = np.empty((*grid.shape_zyx, 3), dtype=np.float32)
        rows = np.indices(grid.shape_zyx[1:]).reshape(2, -1).T
        for z in range(grid.shape_zyx[0]):
            progress(z, grid.shape_zyx[0], "thin-plate spline")
            places = grid.index_to_lps(np.column_stack([np.full(len(rows), z), rows]))
            moved = self.transform_points(places) - places
            vectors[z] = moved.reshape(*grid.shape_zyx[1:], 3)
        return DisplacementField(vectors, grid)


def register_rigid(pair: Pair, _start: AffineTransform, progress: Progress = silent) -> Registered:
    """Turn and shift landmarks as near to their partners as that can bring them."""
    progress(0, 1, "landmarks")
    return Registered(from_landmarks(*_guides(pair)), None, None, 0)


def register_spline(pair: Pair, _start: AffineTransform, progress: Progress = silent) -> Registered:
    """Bring landmarks onto their partners; what lies between them bends as little as can be."""
    spline = ThinPlateSpline.through(*_guides(pair))
    return Registered(spline.on(pair.fixed.geometry, progress), None, None, 0)


def left_out_errors_mm(fixed_lps_mm: Float, moving_lps_mm: Float, fit: Fit) -> Float | None:
    """Return how far each landmark ends from its partner when the others alone decide the map.

    Parameters
    ----------
    fixed_lps_mm, moving_lps_mm
        (n, 3), the pairs in the same order.
    fit
        Gives a map from landmarks.

    Returns
    -------
    Float or None
        (n,) in mm; None where the others of any of them are too few, or lie such that they decide none.
    """
    errors = []
    for k in range(len(fixed_lps_mm)):
        others = np.arange(len(fixed_lps_mm)) != k
        try:
            made = fit(fixed_lps_mm[others], moving_lps_mm[others])
        except InvalidSetting:
            return None
        errors.append(np.linalg.norm(made.transform_points(fixed_lps_mm[k]) - moving_lps_mm[k]))
    return np.array(errors)


def _guides(pair: Pair) -> tuple[Float, Float]:
    if pair.guides is None:
        raise InvalidSetting("There are no landmarks.", cure="Give at least three pairs.")
    return pair.guides
