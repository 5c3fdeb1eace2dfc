"""A rigid map between two surfaces: iterative closest points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Float
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.start import from_landmarks

_MOST_STEPS = 60
_STILL_MM = 1e-3


@dataclass(frozen=True)
class ClosestPoints:
    """What was found.

    Attributes
    ----------
    transform
        From the source's space to the target's, rigid.
    before_mm, after_mm
        Root mean square of the distances of the target's points to the nearest ones of the source, with
        the middles on each other, and at the end.
    n_iterations
        Steps that it took.
    """

    transform: AffineTransform
    before_mm: float
    after_mm: float
    n_iterations: int


def iterative_closest_points(source: Float, target: Float) -> ClosestPoints:
    """Find the rigid map that lays a surface upon another (Besl and McKay 1992).

    Each point of the target is paired with the nearest one of the source: the target may show a part of
    the surface only. It begins with the middles on each other. Other turns are not searched: an organ
    that is nearly round fits in many, and the nearest one is the likeliest.

    Parameters
    ----------
    source, target
        Points, (n, 3), in mm; about evenly on each surface.
    """
    begun = np.eye(4)
    begun[:3, 3] = target.mean(axis=0) - source.mean(axis=0)
    found, after, n_done = _followed(begun, source, target)
    before = _off_mm(begun, source, target)
    return ClosestPoints(AffineTransform.from_matrix(found), before, after, n_done)


def _followed(begun: Float, source: Float, target: Float) -> tuple[Float, float, int]:
    """Return the map at the end, how far points are then, and how many steps it took."""
    tree = cKDTree(source)
    found, last, n_done = begun, np.inf, 0
    while n_done < _MOST_STEPS:
        n_done += 1
        # A rigid map keeps distances: the target is looked up where the map back takes it.
        back = AffineTransform.from_matrix(found).inverse().transform_points(target)
        away, nearest = tree.query(back)
        off = float(np.sqrt((away**2).mean()))
        if last - off < _STILL_MM:
            break
        last = off
        found = np.asarray(from_landmarks(source[nearest], target).matrix_lps)
    return found, _off_mm(found, source, target), n_done


def _off_mm(matrix: Float, source: Float, target: Float) -> float:
    back = AffineTransform.from_matrix(matrix).inverse().transform_points(target)
    away, _ = cKDTree(source).query(back)
    return float(np.sqrt((away**2).mean()))
