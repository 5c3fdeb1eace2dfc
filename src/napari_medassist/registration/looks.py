"""Two images on one level: where voxels of the one lie in the other, and how unlike they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

from napari_medassist.core.geometry import Float, Geometry, Triple
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.similarity import LocalCorrelation, mutual_information
from napari_medassist.registration.spec import Mask, Pair

#: "squares": of the difference, for images in the same units, from -1 to 1 as they are.
Similarity = Literal["correlation", "information", "squares"]
Factors = tuple[int, int, int]
_COARSER = 1.2


class Look:
    """Both images on one level.

    Displacements are given along the fixed image's axes z, y, x, in mm, for all voxels of the level:
    (3, z, y, x).

    Parameters
    ----------
    fixed, weight
        The fixed image, 0 to 1, and how much each voxel counts, (z, y, x).
    moving
        The moving image, 0 to 1, on its own grid.
    base, to_unit
        Where fixed voxels lie in the moving image (z, y, x, 3), and how a mm of displacement moves
        them (3, 3), in the units of PyTorch's ``grid_sample``.
    places_mm
        Distances of the level's voxels from the fixed image's first one, along z, y, x.
    step_mm
        Voxel distances.
    similarity, window_mm
        What is measured, and the width of local windows.
    """

    def __init__(
        self,
        fixed: Tensor,
        weight: Tensor,
        moving: Tensor,
        base: Tensor,
        to_unit: Tensor,
        places_mm: tuple[Float, Float, Float],
        step_mm: Triple,
        similarity: Similarity,
        window_mm: float,
    ) -> None:
        self.places_mm = places_mm
        self.step_mm = step_mm
        self._fixed, self._moving = fixed, moving
        # Of the start, not of each step: else what is unlike would be pushed out of sight.
        self._weight = weight * (base.abs() <= 1).all(dim=-1)
        self._base, self._to_unit = base, to_unit
        self._similarity = similarity
        self._correlation = None
        if similarity == "correlation":
            window = _window(tuple(fixed.shape), step_mm, window_mm)
            self._correlation = LocalCorrelation(fixed, window, self._weight)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = self._fixed.shape
        return z, y, x

    def unlike(self, moved_mm: Tensor) -> Tensor:
        """Return minus the similarity under displacements, with a gradient."""
        places = self._base + torch.einsum("ic,czyx->zyxi", self._to_unit, moved_mm)
        seen = F.grid_sample(
            self._moving[None, None], places[None], padding_mode="border", align_corners=True
        )[0, 0]
        if self._correlation is not None:
            return -self._correlation(seen)
        if self._similarity == "squares":
            squares = self._weight * (self._fixed - seen) ** 2
            return squares.sum() / self._weight.sum().clamp_min(1e-6)
        return -mutual_information(self._fixed, seen, self._weight)

    def shrunk(self, moved_mm: Tensor, least_volume: float) -> Tensor:
        """Return the mean of how far voxels' volumes are below a least one, in shares of theirs.

        At every second voxel: what splines do between two is done at one of them too.
        """
        steps = [2 if n > 3 else 1 for n in moved_mm.shape[1:]]
        moved_mm = moved_mm[:, :: steps[0], :: steps[1], :: steps[2]]
        if min(moved_mm.shape[1:]) < 2:
            return moved_mm.new_zeros(())
        d = [moved_mm.diff(dim=k + 1) / (self.step_mm[k] * steps[k]) for k in range(3)]
        dz, dy, dx = d[0][:, :, :-1, :-1], d[1][:, :-1, :, :-1], d[2][:, :-1, :-1]
        a, b, c = 1 + dz[0], dy[0], dx[0]
        e, f, g = dz[1], 1 + dy[1], dx[1]
        h, i, j = dz[2], dy[2], 1 + dx[2]
        volume = a * (f * j - g * i) - b * (e * j - g * h) + c * (e * i - f * h)
        return F.relu(least_volume - volume).mean()


class Looks:
    """A pair as tensors: looks at any level of it.

    Parameters
    ----------
    pair
        Checked images.
    start
        Fixed to moving: displacement 0 is there.
    """

    def __init__(self, pair: Pair, start: AffineTransform) -> None:
        self._pair, self._start = pair, start
        self._images: dict[bool, tuple[Tensor, Tensor]] = {}

    def at(self, voxel_mm: float, similarity: Similarity, window_mm: float, most_voxels: int) -> Look:
        """Return a look with voxels of about a size; axes that are coarser stay.

        Where the fixed image then has more voxels than asked for, they are made larger.
        """
        fixed_grid, moving_grid = self._pair.fixed.geometry, self._pair.moving.geometry
        n_voxels = int(np.prod(fixed_grid.shape_zyx))
        while n_voxels / np.prod(_factors(fixed_grid, voxel_mm)) > most_voxels:
            voxel_mm *= _COARSER
            if voxel_mm > max(fixed_grid.spacing_zyx_mm) * max(fixed_grid.shape_zyx):
                break  # no axis can be made coarser any more
        factors, moving_factors = _factors(fixed_grid, voxel_mm), _factors(moving_grid, voxel_mm)
        own_units = similarity == "squares"
        fixed, moving = self._scaled(as_they_are=own_units)
        fixed, moving = _pooled(fixed, factors), _pooled(moving, moving_factors)
        index = _pooled_index(fixed_grid, factors)
        base, to_unit = self._into_moving(index, moving_factors, tuple(moving.shape))
        mm = fixed_grid.spacing_zyx_mm
        z, y, x = (places * step for places, step in zip(index, mm, strict=True))
        dz, dy, dx = (f * step for f, step in zip(factors, mm, strict=True))
        weight = _weight(fixed, self._pair.fixed_mask, factors)
        if self._pair.moving_mask is not None:
            mask = torch.from_numpy(self._pair.moving_mask.astype(np.float32))
            there = _pooled(mask, moving_factors)[None, None]
            weight = weight * F.grid_sample(there, base[None], align_corners=True)[0, 0]
        places, steps = (z, y, x), (dz, dy, dx)
        return Look(fixed, weight, moving, base, to_unit, places, steps, similarity, window_mm)

    def _scaled(self, *, as_they_are: bool) -> tuple[Tensor, Tensor]:
        """Return both images, each scaled to 0..1 for itself, or as they are; kept for other levels."""
        if as_they_are not in self._images:
            read = _plain if as_they_are else _unit
            self._images[as_they_are] = (read(self._pair.fixed.array), read(self._pair.moving.array))
        return self._images[as_they_are]

    def _into_moving(
        self, index_zyx: tuple[Float, Float, Float], factors: Factors, shape: tuple[int, ...]
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

        index = np.stack(np.meshgrid(*index_zyx, indexing="ij"), axis=-1)
        base = unit(fixed.index_to_lps(index))
        origin = fixed.index_to_lps(np.zeros(3))
        axes = fixed.direction[:, ::-1].T  # rows: unit vectors along z, y, x
        to_unit = np.stack([unit(origin + axis) - unit(origin) for axis in axes], axis=1)
        return (
            torch.from_numpy(np.ascontiguousarray(base, dtype=np.float32)),
            torch.from_numpy(np.ascontiguousarray(to_unit, dtype=np.float32)),
        )


def _window(shape: tuple[int, ...], step_mm: Triple, window_mm: float) -> Factors:
    """Return the odd number of voxels along each axis that a window is about as wide as."""
    odd = [max(3, 2 * round(window_mm / mm / 2) + 1) for mm in step_mm]
    z, y, x = (min(n, size if size % 2 else size - 1) for n, size in zip(odd, shape, strict=True))
    return z, y, x


def _plain(array: object) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


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


def _pooled_index(geometry: Geometry, factors: tuple[int, int, int]) -> tuple[Float, Float, Float]:
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
