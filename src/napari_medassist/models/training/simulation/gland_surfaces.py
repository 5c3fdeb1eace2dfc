"""Surfaces of real prostates, and what a probe, another pose and another reader make of them.

Points are in mm along z (to the head), y (to the back), x (to the left), from the middle of the gland.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from napari_medassist.core.transform import Transform
from napari_medassist.models.training.simulation.frame import rotation
from napari_medassist.models.training.simulation.gland import Anatomy

Points = NDArray[np.float32]

_SPACING_ZYX_MM = (3.0, 1.0, 1.0)
_SMOOTH_MM = 1.5
_N_SURFACE, _N_INNER = 4096, 2048
#: Points beyond the capsule are moved too: tissue around the gland, so far.
_AROUND_MM = 10.0


@dataclass(frozen=True, eq=False)
class GlandShape:
    """One gland.

    Parameters
    ----------
    surface
        Points on it, evenly by area, (4096, 3).
    inside, around
        Points within it, and up to 10 mm beyond it, (2048, 3) each.
    """

    surface: Points
    inside: Points
    around: Points


def shape_of(anatomy: Anatomy, seed: int = 0) -> GlandShape:
    """Return the surface of an anatomy and points about it.

    Parameters
    ----------
    anatomy
        Its zones on 3 x 1 x 1 mm.
    seed
        Of which points are drawn.
    """
    chance = np.random.default_rng(seed)
    gland = np.pad(anatomy.zones > 0, 2)
    spread = [_SMOOTH_MM / mm for mm in _SPACING_ZYX_MM]
    soft = ndimage.gaussian_filter(gland.astype(np.float32), spread)
    corners, faces, *_ = measure.marching_cubes(soft, 0.5, spacing=_SPACING_ZYX_MM)
    middle = np.array([np.mean(c) for c in np.nonzero(gland)]) * _SPACING_ZYX_MM
    triangles = corners[faces]
    sides = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    area = np.linalg.norm(sides, axis=1)
    drawn = chance.choice(len(faces), _N_SURFACE, p=area / area.sum())
    weights = chance.dirichlet((1, 1, 1), _N_SURFACE)
    surface = np.einsum("nc,ncd->nd", weights, triangles[drawn]) - middle
    away = ndimage.distance_transform_edt(
        np.pad(~gland, 4, constant_values=True), sampling=_SPACING_ZYX_MM
    )
    parts = []
    for mask in (away == 0, (away > 0) & (away <= _AROUND_MM)):
        index = np.argwhere(mask) - 4
        which = chance.choice(len(index), _N_INNER)
        within = index[which] + chance.uniform(-0.5, 0.5, (_N_INNER, 3))
        parts.append((within * _SPACING_ZYX_MM - middle).astype(np.float32))
    return GlandShape(surface.astype(np.float32), *parts)


@dataclass(frozen=True, eq=False)
class SurfacePair:
    """Two views of one gland; what a reader of each has outlined, and how tissue has moved.

    Parameters
    ----------
    source, target
        Points on both surfaces, in each one's space, (n, 3); the middles of both sets are the origin.
    inside, around
        Points of the source's space.
    inside_there, around_there
        Where the same tissue lies in the target's space.
    """

    source: Points
    target: Points
    inside: Points
    around: Points
    inside_there: Points
    around_there: Points

    def begun_with(self, rigid: Transform) -> SurfacePair:
        """Return the pair with the source's space brought to the target's by a rigid map.

        The origin is between the middles of both surfaces then, as the network takes them.
        """
        source, inside, around = (
            rigid.transform_points(points) for points in (self.source, self.inside, self.around)
        )
        origin = (source.mean(axis=0) + self.target.mean(axis=0)) / 2
        parts = (source, self.target, inside, around, self.inside_there, self.around_there)
        return SurfacePair(*((points - origin).astype(np.float32) for points in parts))


#: How the points of a set were gathered.
COMPLETE, PLANES, CROSSED, SWEEP = "complete", "planes", "crossed", "sweep"
SAMPLINGS = (COMPLETE, PLANES, CROSSED, SWEEP)


def surface_pair(
    shape: GlandShape, seed: int, *, n_points: int = 512, target_is: str = "", source_is: str = COMPLETE
) -> SurfacePair:
    """Make one pair.

    Parameters
    ----------
    shape
        The gland.
    seed
        Of all chance.
    n_points
        Points of each set, at most.
    target_is, source_is
        One of :data:`SAMPLINGS`; drawn if empty.
    """
    chance = np.random.default_rng(seed)
    turned = rotation(*chance.normal(0, 6, 3))
    scale = chance.uniform(0.85, 1.15, 3) * (1, 1, chance.choice([-1, 1]))
    own = (turned * scale).astype(np.float32)
    surface, inside, around = (points @ own.T for points in (shape.surface, shape.inside, shape.around))
    moved = _motion(chance, surface)
    there = [moved(points) for points in (surface, inside, around)]
    source = _gathered(chance, surface, source_is, n_points)
    target = _gathered(chance, there[0], target_is, n_points)
    a, b = source.mean(axis=0), target.mean(axis=0)
    return SurfacePair(source - a, target - b, inside - a, around - a, there[1] - b, there[2] - b)


def _motion(chance: np.random.Generator, surface: Points):  # type: ignore[no-untyped-def]
    """Return a map: the probe presses, tissue yields smoothly, the patient lies otherwise."""
    half = np.abs(surface).max(axis=0)
    pressed = chance.uniform(0, 0.12)
    stretch = np.array(
        [1 + pressed * chance.uniform(0, 0.8), 1 - pressed, 1 + pressed * chance.uniform(0, 0.8)]
    )
    depth, width = chance.uniform(0, 6), chance.uniform(12, 30, 2)
    beside = chance.normal(0, 5, 2)
    centres = chance.uniform(-1.2, 1.2, (10, 3)) * half
    pushes = chance.normal(0, chance.uniform(0.5, 2.5), (10, 3))
    reach = chance.uniform(12, 25)
    turn = rotation(*chance.normal(0, (6, 12, 6)))
    shift = chance.normal(0, 2, 3)

    def moved(points: Points) -> Points:
        found = points * stretch
        behind = 1 / (1 + np.exp(-(points[:, 1] / half[1]) * 3))
        off = ((points[:, (0, 2)] - beside) / width) ** 2
        found[:, 1] -= depth * behind * np.exp(-off.sum(axis=1))
        squared = ((points[:, None] - centres) ** 2).sum(axis=2)
        found += np.exp(-squared / (2 * reach**2)) @ pushes
        return np.asarray(found @ turn.T + shift, dtype=np.float32)

    return moved


def _gathered(chance: np.random.Generator, surface: Points, how: str, n_points: int) -> Points:
    """Return what a reader has outlined of a surface: not quite on it, and perhaps in a few planes."""
    how = how or str(chance.choice(SAMPLINGS, p=(0.4, 0.2, 0.2, 0.2)))
    middle, half = surface.mean(axis=0), np.abs(surface - surface.mean(axis=0)).max(axis=0)
    away = surface - middle
    if how == PLANES:  # transverse, some mm apart
        step, first = chance.uniform(5, 12), chance.uniform(0, 5)
        near = np.abs((away[:, 0] - first + step / 2) % step - step / 2) < 1.0
    elif how == CROSSED:  # one transverse and one sagittal
        at = chance.normal(0, 4, 2)
        near = (np.abs(away[:, 0] - at[0]) < 1.2) | (np.abs(away[:, 2] - at[1]) < 1.2)
    elif how == SWEEP:  # a probe turns about its axis, behind the gland
        pivot = half[1] + chance.uniform(8, 20)
        angle = np.rad2deg(np.arctan2(away[:, 2], pivot - away[:, 1]))
        step = chance.uniform(6, 12)
        near = np.abs((angle + step / 2) % step - step / 2) < 1.2
    else:
        near = np.ones(len(surface), dtype=bool)
    if np.count_nonzero(near) < 16:
        near[:] = True
    chosen = surface[near]
    chosen = chosen[chance.choice(len(chosen), n_points, replace=len(chosen) < n_points)]
    centres = chance.uniform(-1.1, 1.1, (12, 3)) * half + middle
    bumps = np.exp(-((chosen[:, None] - centres) ** 2).sum(axis=2) / (2 * 10.0**2))
    outward = chosen - middle
    outward = outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-3)
    off = bumps @ chance.normal(0, 0.8, 12) + chance.normal(0, 0.4, len(chosen))
    return np.asarray(chosen + off[:, None] * outward, dtype=np.float32)
