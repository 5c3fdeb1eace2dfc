"""A deformation optimised for one pair of images, in PyTorch: B-splines in mm, from coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, CompositeTransform, DisplacementField
from napari_medassist.registration.flow import Flow
from napari_medassist.registration.itk import require_overlap
from napari_medassist.registration.looks import Look, Looks, Similarity
from napari_medassist.registration.spec import Pair, Registered
from napari_medassist.registration.splines import ControlGrid, bending, evaluated

_LEAST_VOLUME = 0.15  # below this a voxel is about to fold
_STOPS_AFTER = 12  # iterations without a gain
_LEAST_GAIN = 1e-4


@dataclass(frozen=True)
class DeformLevel:
    """A look at both images.

    Parameters
    ----------
    voxel_mm
        Voxels are made about so large; axes that are coarser stay.
    control_mm
        Distance of the control points.
    iterations, rate_mm
        Steps of Adam at most, and how far a step moves a control point about.
    most_voxels
        Voxels are made larger where the fixed image has more than so many.
    """

    voxel_mm: float
    control_mm: float
    iterations: int
    rate_mm: float
    most_voxels: int


@dataclass(frozen=True)
class Deforming:
    """How a deformation is optimised.

    Parameters
    ----------
    levels
        From coarse to fine.
    similarity
        Local correlation (robust to uneven coils and inverted contrast), or mutual information.
    window_mm
        Width of the local windows.
    stiffness
        How much bending counts; in mm2 times the similarity.
    folding
        How much voxels count that are about to fold.
    guiding
        How much the mean squared distance of guiding landmarks counts, per mm2.
    diffeomorphic
        Whether the control points give a velocity that is followed for a unit of time: such a map has
        an inverse of the same kind, and folds nowhere up to how finely it is followed.
    """

    levels: tuple[DeformLevel, ...] = (
        DeformLevel(4.0, 30.0, 50, 0.9, 120_000),
        DeformLevel(2.5, 20.0, 50, 0.5, 300_000),
        DeformLevel(1.5, 14.0, 30, 0.25, 900_000),
    )
    similarity: Similarity = "correlation"
    window_mm: float = 6.0
    stiffness: float = 150.0
    folding: float = 10.0
    guiding: float = 0.05
    diffeomorphic: bool = False


def deform(
    pair: Pair,
    start: AffineTransform,
    progress: Progress = silent,
    how: Deforming | None = None,
    *,
    begun: DisplacementField | None = None,
) -> Registered:
    """Find a deformation under which the images are most alike; folding is held off.

    Parameters
    ----------
    pair
        Checked images.
    start
        First guess, fixed to moving, e.g. of a rigid registration. It is part of the result.
    progress
        Told at each iteration; may raise ``Cancelled``.
    how
        Settings.
    begun
        Displacements on the fixed grid to begin with, before the start, e.g. those that a network
        found; none by default.

    Returns
    -------
    Registered
        A displacement field on the fixed image's grid, then the start.

    Raises
    ------
    InvalidImage
        If the images hardly overlap at the start, or a guiding landmark lies outside of the fixed one.
    InvalidSetting
        If landmarks shall guide a velocity.
    """
    require_overlap(pair, start)
    how = how or Deforming()
    if how.diffeomorphic and pair.guides is not None:
        raise InvalidSetting("Landmarks cannot guide a velocity.", cure="Choose deformable.")
    looks = Looks(pair, start)
    fixed = pair.fixed.geometry
    z, y, x = ((n - 1) * mm for n, mm in zip(fixed.shape_zyx, fixed.spacing_zyx_mm, strict=True))
    grid = ControlGrid.of((z, y, x), how.levels[0].control_mm)
    points = torch.zeros(3, *grid.shape) if begun is None else _fitted(begun, grid)
    before = after = float("nan")
    n_done = 0
    for number, level in enumerate(how.levels):
        finer = ControlGrid.of((z, y, x), level.control_mm)
        points, grid = _refined(points, grid, finer), finer
        look = looks.at(level.voxel_mm, how.similarity, how.window_mm, level.most_voxels)
        problem = _Problem(look, grid, how, _guide(pair, start, grid))
        before = problem.unlike(torch.zeros_like(points))
        points, n_steps = _descended(points, problem, level, number, len(how.levels), progress)
        after, n_done = problem.unlike(points), n_done + n_steps
    field = _field(points, grid, fixed, how)
    return Registered(CompositeTransform((field, start)), before, after, n_done)


class _Guide:
    """Landmarks that a deformation shall bring together, on one grid of control points.

    Parameters
    ----------
    weights
        How control points count at the landmarks along z, y, x, each (n, control points).
    wanted_mm
        Where they shall be moved, (3, n), along z, y, x.
    """

    def __init__(self, weights: tuple[Tensor, Tensor, Tensor], wanted_mm: Tensor) -> None:
        self._weights, self._wanted = weights, wanted_mm

    def squared_mm2(self, points: Tensor) -> Tensor:
        """Return the mean squared distance of the landmarks to their partners."""
        z, y, x = self._weights
        moved = torch.einsum("czyx,nz,ny,nx->cn", points, z, y, x)
        off: Tensor = (moved - self._wanted).pow(2).sum(0)
        return off.mean()


def _guide(pair: Pair, start: AffineTransform, grid: ControlGrid) -> _Guide | None:
    """Return the guiding landmarks of a pair; None without any.

    Raises
    ------
    InvalidImage
        If one lies outside of the fixed image: nothing could move it.
    """
    if pair.guides is None or not len(pair.guides[0]):
        return None
    here, there = pair.guides
    fixed = pair.fixed.geometry
    index = fixed.lps_to_index(here)
    if (index < -0.5).any() or (index > np.asarray(fixed.shape_zyx) - 0.5).any():
        raise InvalidImage(
            f"A landmark lies outside of '{pair.fixed.name}': it cannot guide.",
            cure="Take it out, or correct it.",
        )
    steps = start.inverse().transform_points(there) - here
    axes = fixed.direction[:, ::-1]
    mm = index * np.asarray(fixed.spacing_zyx_mm)
    z, y, x = (
        torch.from_numpy(grid.weights(axis, mm[:, axis]).astype(np.float32)) for axis in range(3)
    )
    return _Guide((z, y, x), torch.from_numpy((steps @ axes).T.astype(np.float32)))


class _Problem:
    """What is minimised on a level, as a function of the control points."""

    def __init__(
        self, look: Look, grid: ControlGrid, how: Deforming, guide: _Guide | None = None
    ) -> None:
        self._look, self._grid, self._how, self._guide = look, grid, how, guide
        self._flow = Flow(look.shape, look.step_mm) if how.diffeomorphic else None
        self._splines = _splines(grid, look.places_mm)

    def unlike(self, points: Tensor) -> float:
        """Return minus the similarity."""
        with torch.no_grad():
            return float(self._look.unlike(self._moved(points)))

    def loss(self, points: Tensor) -> Tensor:
        """Return minus the similarity, with what bending and folding cost."""
        moved = self._moved(points)
        loss = self._look.unlike(moved)
        loss = loss + self._how.stiffness * bending(points, self._grid.spacing_mm)
        if self._guide is not None:
            loss = loss + self._how.guiding * self._guide.squared_mm2(points)
        if self._how.folding:
            loss = loss + self._how.folding * self._look.shrunk(moved, _LEAST_VOLUME)
        return loss

    def _moved(self, points: Tensor) -> Tensor:
        along = evaluated(points, self._splines)
        return along if self._flow is None else self._flow.followed(along)


def _descended(
    points: Tensor,
    problem: _Problem,
    level: DeformLevel,
    number: int,
    n_levels: int,
    progress: Progress,
) -> tuple[Tensor, int]:
    """Return the best control points of a level, and how many steps it took."""
    points = points.clone().requires_grad_()
    optimiser = torch.optim.Adam([points], lr=level.rate_mm)
    best, least, since = points.detach().clone(), float("inf"), 0
    step = 0
    for step in range(1, level.iterations + 1):
        optimiser.zero_grad(set_to_none=True)
        loss = problem.loss(points)
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if value < least - _LEAST_GAIN:
            best, least, since = points.detach().clone(), value, 0
        else:
            since += 1
        if since >= _STOPS_AFTER:
            break
        # Large steps first, small ones last: the end of a level does not swing about its goal.
        share = 1 - (step - 1) / level.iterations
        optimiser.param_groups[0]["lr"] = level.rate_mm * (0.2 + 0.8 * share)
        optimiser.step()
        done = round(100 * (number + step / level.iterations) / n_levels)
        progress(min(done, 99), 100, f"deformable, level {number + 1} of {n_levels}")
    return best, step


def _splines(grid: ControlGrid, places_mm: tuple[Float, Float, Float]) -> tuple[Tensor, Tensor, Tensor]:
    """Return how control points count at places along z, y, x."""
    z, y, x = (
        torch.from_numpy(grid.weights(axis, places).astype(np.float32))
        for axis, places in enumerate(places_mm)
    )
    return z, y, x


def _field(points: Tensor, grid: ControlGrid, fixed: Geometry, how: Deforming) -> DisplacementField:
    """Return the displacements at all voxels of the fixed grid, LPS mm."""
    z, y, x = (
        np.arange(n, dtype=np.float64) * mm
        for n, mm in zip(fixed.shape_zyx, fixed.spacing_zyx_mm, strict=True)
    )
    moved = evaluated(points, _splines(grid, (z, y, x)))
    if how.diffeomorphic:
        moved = Flow(fixed.shape_zyx, fixed.spacing_zyx_mm).followed(moved)
    along_axes = moved.numpy()
    axes = fixed.direction[:, ::-1].astype(np.float32)  # columns: unit vectors along z, y, x
    vectors = np.einsum("lc,czyx->zyxl", axes, along_axes)
    return DisplacementField(np.ascontiguousarray(vectors), fixed)


def _fitted(field: DisplacementField, grid: ControlGrid) -> Tensor:
    """Return control points that give a field as nearly as they can (least squares)."""
    fixed = field.geometry
    axes = fixed.direction[:, ::-1].astype(np.float32)
    found = torch.from_numpy(np.einsum("lc,zyxl->czyx", axes, field.vectors_lps_mm))
    for axis, (n, mm) in enumerate(zip(fixed.shape_zyx, fixed.spacing_zyx_mm, strict=True)):
        # Displacements that are the same along an axis say nothing against control points there.
        weights = grid.weights(axis, np.arange(n, dtype=np.float64) * mm)
        matrix = torch.from_numpy(np.linalg.pinv(weights).astype(np.float32))
        moved = torch.tensordot(matrix, found, dims=([1], [axis + 1]))
        found = moved.movedim(0, axis + 1)
    return found.contiguous()


def _refined(points: Tensor, before: ControlGrid, after: ControlGrid) -> Tensor:
    """Return control points of a finer grid that give the same deformation as nearly as they can."""
    if before == after:
        return points
    found = points.double()
    for axis in range(3):
        # Where the finer grid's cells meet, and in their middles, both must agree (least squares).
        places = np.linspace(0, after.extent_zyx_mm[axis], 2 * after.n_cells[axis] + 3)
        fine = after.weights(axis, places)
        matrix = np.linalg.lstsq(fine, before.weights(axis, places), rcond=None)[0]
        moved = torch.tensordot(torch.from_numpy(matrix), found, dims=([1], [axis + 1]))
        found = moved.movedim(0, axis + 1)
    return found.float()
