"""A deformation optimised for one pair of images, in PyTorch: B-splines in mm, from coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, CompositeTransform, DisplacementField
from napari_medassist.registration.itk import require_overlap
from napari_medassist.registration.similarity import local_correlation, mutual_information
from napari_medassist.registration.spec import Mask, Pair, Registered
from napari_medassist.registration.splines import ControlGrid, bending, evaluated

Similarity = Literal["correlation", "information"]
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
    """

    voxel_mm: float
    control_mm: float
    iterations: int
    rate_mm: float


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
    """

    levels: tuple[DeformLevel, ...] = (
        DeformLevel(4.0, 30.0, 50, 0.6),
        DeformLevel(2.5, 16.0, 50, 0.35),
        DeformLevel(1.5, 10.0, 30, 0.2),
    )
    similarity: Similarity = "correlation"
    window_mm: float = 12.0
    stiffness: float = 40.0
    folding: float = 10.0


def deform(
    pair: Pair,
    start: AffineTransform,
    progress: Progress = silent,
    how: Deforming | None = None,
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

    Returns
    -------
    Registered
        A displacement field on the fixed image's grid, then the start.

    Raises
    ------
    InvalidImage
        If the images hardly overlap at the start.
    """
    require_overlap(pair, start)
    how = how or Deforming()
    problem = _Problem(pair, start, how)
    grid = problem.grid_of(how.levels[0])
    points = torch.zeros(3, *grid.shape)
    before = after = float("nan")
    n_done = 0
    for number, level in enumerate(how.levels):
        finer = problem.grid_of(level)
        points = _refined(points, grid, finer)
        grid = finer
        look = problem.look(level, grid)
        before = look.value(torch.zeros_like(points))
        points, n_steps = _descended(points, look, level, number, len(how.levels), progress)
        after, n_done = look.value(points), n_done + n_steps
    field = problem.field(points, grid)
    return Registered(CompositeTransform((field, start)), before, after, n_done)


def _descended(
    points: Tensor,
    look: _Look,
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
        loss = look.loss(points)
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if value < least - _LEAST_GAIN:
            best, least, since = points.detach().clone(), value, 0
        else:
            since += 1
        if since >= _STOPS_AFTER:
            break
        optimiser.step()
        done = round(100 * (number + step / level.iterations) / n_levels)
        progress(min(done, 99), 100, f"deformable, level {number + 1} of {n_levels}")
    return best, step


class _Look:
    """Both images on one level, and what is minimised there."""

    def __init__(
        self,
        fixed: Tensor,
        weight: Tensor,
        moving: Tensor,
        base: Tensor,
        to_unit: Tensor,
        splines: tuple[Tensor, Tensor, Tensor],
        step_mm: tuple[float, float, float],
        grid: ControlGrid,
        how: Deforming,
    ) -> None:
        self._fixed, self._moving = fixed, moving
        # Of the start, not of each step: else what is unlike would be pushed out of sight.
        self._weight = weight * (base.abs() <= 1).all(dim=-1)
        self._base, self._to_unit, self._splines = base, to_unit, splines
        self._step_mm, self._grid, self._how = step_mm, grid, how
        odd = [max(3, 2 * round(how.window_mm / mm / 2) + 1) for mm in step_mm]
        z, y, x = (
            min(n, size if size % 2 else size - 1) for n, size in zip(odd, fixed.shape, strict=True)
        )
        self._window = (z, y, x)

    def value(self, points: Tensor) -> float:
        """Return minus the similarity."""
        with torch.no_grad():
            moved = evaluated(points, self._splines)
            return float(self._unlike(moved))

    def loss(self, points: Tensor) -> Tensor:
        moved = evaluated(points, self._splines)
        loss = self._unlike(moved) + self._how.stiffness * bending(points, self._grid.spacing_mm)
        return loss + self._how.folding * self._folding(moved)

    def _unlike(self, moved_mm: Tensor) -> Tensor:
        offsets = torch.einsum("ic,czyx->zyxi", self._to_unit, moved_mm)
        places = self._base + offsets
        seen = F.grid_sample(
            self._moving[None, None], places[None], padding_mode="border", align_corners=True
        )[0, 0]
        if self._how.similarity == "information":
            return -mutual_information(self._fixed, seen, self._weight)
        return -local_correlation(self._fixed, seen, self._window, self._weight)

    def _folding(self, moved_mm: Tensor) -> Tensor:
        """Return the mean of how far voxels are below the least volume."""
        if min(moved_mm.shape[1:]) < 2:
            return moved_mm.new_zeros(())
        d = [moved_mm.diff(dim=k + 1) / self._step_mm[k] for k in range(3)]
        dz, dy, dx = d[0][:, :, :-1, :-1], d[1][:, :-1, :, :-1], d[2][:, :-1, :-1]
        a, b, c = 1 + dz[0], dy[0], dx[0]
        e, f, g = dz[1], 1 + dy[1], dx[1]
        h, i, j = dz[2], dy[2], 1 + dx[2]
        volume = a * (f * j - g * i) - b * (e * j - g * h) + c * (e * i - f * h)
        return F.relu(_LEAST_VOLUME - volume).mean()


class _Problem:
    """The pair as tensors, and how places of the fixed grid lie in the moving one."""

    def __init__(self, pair: Pair, start: AffineTransform, how: Deforming) -> None:
        self._pair, self._start, self._how = pair, start, how
        self._fixed, self._moving = _unit(pair.fixed.array), _unit(pair.moving.array)
        grid = pair.fixed.geometry
        z, y, x = ((n - 1) * mm for n, mm in zip(grid.shape_zyx, grid.spacing_zyx_mm, strict=True))
        self._extent = (z, y, x)

    def grid_of(self, level: DeformLevel) -> ControlGrid:
        return ControlGrid.of(self._extent, level.control_mm)

    def look(self, level: DeformLevel, grid: ControlGrid) -> _Look:
        fixed_grid, moving_grid = self._pair.fixed.geometry, self._pair.moving.geometry
        factors = _factors(fixed_grid, level.voxel_mm)
        moving_factors = _factors(moving_grid, level.voxel_mm)
        fixed, places = _pooled(self._fixed, factors), _pooled_places(fixed_grid, factors)
        moving = _pooled(self._moving, moving_factors)
        weight = _weight(fixed, self._pair.fixed_mask, factors)
        z, y, x = (f * mm for f, mm in zip(factors, fixed_grid.spacing_zyx_mm, strict=True))
        base, to_unit = self._into_moving(places, moving_factors, tuple(moving.shape))
        splines = self._splines(grid, places)
        return _Look(fixed, weight, moving, base, to_unit, splines, (z, y, x), grid, self._how)

    def _splines(
        self, grid: ControlGrid, places: tuple[Float, Float, Float]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return how control points count at indices of the fixed grid, along z, y, x."""
        spacing = self._pair.fixed.geometry.spacing_zyx_mm
        z, y, x = (
            torch.from_numpy(grid.weights(axis, index * mm).astype(np.float32))
            for axis, (index, mm) in enumerate(zip(places, spacing, strict=True))
        )
        return z, y, x

    def _into_moving(
        self, places: tuple[Float, Float, Float], factors: tuple[int, int, int], shape: tuple[int, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return where fixed voxels lie in the moving image, and how a mm of displacement moves them.

        Both in PyTorch's units of ``grid_sample``, x first. The start is affine: so is all of this.
        """
        fixed, moving = self._pair.fixed.geometry, self._pair.moving.geometry

        def unit(points_lps: Float) -> Float:
            index = moving.lps_to_index(self._start.transform_points(points_lps))
            # A pooled voxel is the mean of several: its centre lies between theirs.
            pooled = (index - (np.asarray(factors) - 1) / 2) / np.asarray(factors)
            unit_zyx = 2 * pooled / np.maximum(np.asarray(shape) - 1, 1) - 1
            return np.asarray(unit_zyx[..., ::-1])

        index = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1)
        base = unit(fixed.index_to_lps(index))
        origin = fixed.index_to_lps(np.zeros(3))
        axes = fixed.direction[:, ::-1].T  # rows: unit vectors along z, y, x
        to_unit = np.stack([unit(origin + axis) - unit(origin) for axis in axes], axis=1)
        return (
            torch.from_numpy(np.ascontiguousarray(base, dtype=np.float32)),
            torch.from_numpy(np.ascontiguousarray(to_unit, dtype=np.float32)),
        )

    def field(self, points: Tensor, grid: ControlGrid) -> DisplacementField:
        """Return the displacements at all voxels of the fixed grid, LPS mm."""
        fixed = self._pair.fixed.geometry
        z, y, x = (np.arange(n, dtype=np.float64) for n in fixed.shape_zyx)
        along_axes = evaluated(points, self._splines(grid, (z, y, x))).numpy()
        axes = fixed.direction[:, ::-1].astype(np.float32)  # columns: unit vectors along z, y, x
        vectors = np.einsum("lc,czyx->zyxl", axes, along_axes)
        return DisplacementField(np.ascontiguousarray(vectors), fixed)


def _unit(array: object) -> Tensor:
    """Return an image scaled to 0..1 between its percentiles 1 and 99, float32."""
    values = np.asarray(array, dtype=np.float32)
    low, high = (float(v) for v in np.percentile(values, [1, 99]))
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    return torch.from_numpy(scaled.astype(np.float32))


def _factors(geometry: Geometry, voxel_mm: float) -> tuple[int, int, int]:
    """Return how many voxels become one along z, y, x; at least four stay."""
    z, y, x = (
        min(max(1, round(voxel_mm / mm)), max(1, n // 4))
        for mm, n in zip(geometry.spacing_zyx_mm, geometry.shape_zyx, strict=True)
    )
    return z, y, x


def _pooled(image: Tensor, factors: tuple[int, int, int]) -> Tensor:
    return F.avg_pool3d(image[None, None], factors)[0, 0] if max(factors) > 1 else image


def _pooled_places(geometry: Geometry, factors: tuple[int, int, int]) -> tuple[Float, Float, Float]:
    """Return the fractional indices of pooled voxels on the full grid, along z, y, x."""
    z, y, x = (
        np.arange(n // f, dtype=np.float64) * f + (f - 1) / 2
        for n, f in zip(geometry.shape_zyx, factors, strict=True)
    )
    return z, y, x


def _weight(fixed: Tensor, mask: Mask | None, factors: tuple[int, int, int]) -> Tensor:
    """Return how much voxels count: within the mask, or where there is something to see."""
    if mask is not None:
        return _pooled(torch.from_numpy(mask.astype(np.float32)), factors)
    body = (fixed > 0.03).float()
    return F.max_pool3d(body[None, None], 3, 1, 1)[0, 0]


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
