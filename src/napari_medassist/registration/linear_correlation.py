"""Rigid and affine maps by local correlation, in PyTorch: few numbers, from coarse to fine.

Where mutual information over the common part of two images may grow by moving them apart, local
correlation is measured where they overlapped at the start, and stays blind to uneven coils and to
inverted contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.itk import require_overlap
from napari_medassist.registration.looks import Look, Looks
from napari_medassist.registration.spec import Pair, Registered

#: A turn by one radian moves the anatomy by about so much: turns and shifts then weigh alike.
_RADIUS_MM = 50.0
_N_RIGID = 6
_LOOKS_AN_ITERATION = 1.5


@dataclass(frozen=True)
class LinearLevel:
    """A look at both images.

    Parameters
    ----------
    voxel_mm, window_mm
        Voxels are made about so large, and local windows so wide.
    iterations
        At most.
    most_voxels
        Voxels are made larger where the fixed image has more than so many.
    """

    voxel_mm: float
    window_mm: float
    iterations: int
    most_voxels: int


RIGID_LEVELS = (
    LinearLevel(6.0, 30.0, 25, 60_000),
    LinearLevel(3.0, 18.0, 20, 150_000),
    LinearLevel(1.5, 12.0, 12, 400_000),
)
#: From a start that is nearly right.
FINE_LEVELS = RIGID_LEVELS[1:]
AFFINE_LEVELS = (LinearLevel(3.0, 18.0, 25, 150_000), LinearLevel(1.5, 12.0, 12, 400_000))


def register_rigid(
    pair: Pair,
    start: AffineTransform,
    progress: Progress = silent,
    levels: tuple[LinearLevel, ...] = RIGID_LEVELS,
) -> Registered:
    """Find the rigid map under which the images are most alike.

    Parameters
    ----------
    pair
        Checked images.
    start
        First guess, fixed to moving.
    progress
        Told at each evaluation; may raise ``Cancelled``.
    levels
        From coarse to fine.

    Raises
    ------
    InvalidImage
        If the images hardly overlap at the start.
    """
    walk = _Walk(pair, start, progress, len(levels))
    numbers = walk.down(levels, torch.zeros(_N_RIGID), "rigid")
    return walk.result(numbers)


def register_affine(
    pair: Pair,
    start: AffineTransform,
    progress: Progress = silent,
    rigid_levels: tuple[LinearLevel, ...] = RIGID_LEVELS,
) -> Registered:
    """Find an affine map, beginning with a rigid one; see :func:`register_rigid`."""
    walk = _Walk(pair, start, progress, len(rigid_levels) + len(AFFINE_LEVELS))
    rigid = walk.down(rigid_levels, torch.zeros(_N_RIGID), "rigid")
    matrix, shift = _matrix(rigid)
    stretched = (matrix - torch.eye(3)).reshape(9) * _RADIUS_MM
    numbers = walk.down(AFFINE_LEVELS, torch.cat([stretched, shift]), "affine")
    return walk.result(numbers)


class _Walk:
    """A run over levels, from coarse to fine."""

    def __init__(self, pair: Pair, start: AffineTransform, progress: Progress, n_levels: int) -> None:
        require_overlap(pair, start)
        self._looks, self._start, self._grid = Looks(pair, start), start, pair.fixed.geometry
        self._progress, self._n_levels = progress, n_levels
        self._level = self._n_looks = 0
        self._before = self._after = float("nan")

    def down(self, levels: Sequence[LinearLevel], numbers: Tensor, told: str) -> Tensor:
        """Return the numbers of the best map on the last of some levels."""
        for level in levels:
            look = self._looks.at(level.voxel_mm, "correlation", level.window_mm, level.most_voxels)
            places = _from_middle(look, self._grid)
            with torch.no_grad():
                self._before = float(look.unlike(_moved(torch.zeros(_N_RIGID), places)))
            numbers = self._searched(numbers, look, places, level.iterations, told)
            with torch.no_grad():
                self._after = float(look.unlike(_moved(numbers, places)))
            self._level += 1
        return numbers

    def result(self, numbers: Tensor) -> Registered:
        """Return what was found."""
        found = np.asarray(self._start.matrix_lps) @ _in_lps(numbers, self._grid)
        transform = AffineTransform.from_matrix(found)
        return Registered(transform, self._before, self._after, self._n_looks)

    def _searched(
        self, numbers: Tensor, look: Look, places: Tensor, iterations: int, told: str
    ) -> Tensor:
        numbers = numbers.clone().requires_grad_()
        optimiser = torch.optim.LBFGS(
            [numbers], max_iter=iterations, tolerance_change=1e-7, line_search_fn="strong_wolfe"
        )
        done, of = self._level, self._n_levels
        n = 0

        def unlike() -> Tensor:
            nonlocal n
            n += 1
            # A line search looks more than once an iteration.
            share = min(0.99, n / (_LOOKS_AN_ITERATION * iterations))
            self._progress(round(100 * (done + share) / of), 100, f"{told}, level {done + 1} of {of}")
            optimiser.zero_grad(set_to_none=True)
            loss = look.unlike(_moved(numbers, places))
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(unlike)  # type: ignore[no-untyped-call]
        self._n_looks += n
        return numbers.detach().clone()


def _from_middle(look: Look, grid: Geometry) -> Tensor:
    """Return where the level's voxels lie, along z, y, x in mm from the middle of the fixed image."""
    middle = [(n - 1) / 2 * mm for n, mm in zip(grid.shape_zyx, grid.spacing_zyx_mm, strict=True)]
    axes = [places - m for places, m in zip(look.places_mm, middle, strict=True)]
    return torch.from_numpy(np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32))


def _moved(numbers: Tensor, places: Tensor) -> Tensor:
    """Return displacements (3, z, y, x) along the axes."""
    matrix, shift = _matrix(numbers)
    turned = torch.einsum("ij,jzyx->izyx", matrix - torch.eye(3, dtype=matrix.dtype), places)
    return turned + shift[:, None, None, None]


def _matrix(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Return the 3x3 matrix and the shift that the numbers stand for, along z, y, x."""
    if len(numbers) == _N_RIGID:
        a, b, c = numbers[:3] / _RADIUS_MM
        zero = numbers.new_zeros(())
        turn = torch.stack(
            [torch.stack([zero, -c, b]), torch.stack([c, zero, -a]), torch.stack([-b, a, zero])]
        )
        return torch.linalg.matrix_exp(turn), numbers[3:]
    return torch.eye(3, dtype=numbers.dtype) + numbers[:9].reshape(3, 3) / _RADIUS_MM, numbers[9:]


def _in_lps(numbers: Tensor, grid: Geometry) -> Float:
    """Return the map as a 4x4 matrix, LPS mm."""
    matrix, shift = (part.double().numpy() for part in _matrix(numbers.double()))
    axes = grid.direction[:, ::-1]  # columns: unit vectors along z, y, x
    middle = grid.index_to_lps((np.asarray(grid.shape_zyx) - 1) / 2)
    turned = axes @ matrix @ axes.T
    found = np.eye(4)
    found[:3, :3] = turned
    found[:3, 3] = middle + axes @ shift - turned @ middle
    return found
