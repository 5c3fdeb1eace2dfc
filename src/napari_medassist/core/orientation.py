"""The only flips and transposes: stored order <-> canonical zyx, and LPS <-> RAS.

Canonical means that the array axes z, y, x point (as nearly as the grid allows) to superior, posterior
and left, with positive spacing. Getting there takes a permutation and flips only: no value is changed,
and undoing it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_medassist.core.geometry import Float, Geometry

Plane = Literal["axial", "coronal", "sagittal"]
_PLANES: tuple[Plane, Plane, Plane] = ("axial", "coronal", "sagittal")
#: Canonical axis that ends at a side of the patient, and whether it grows away from it.
_SIDES = {
    "S": (0, False), "I": (0, True), "P": (1, False), "A": (1, True), "L": (2, False), "R": (2, True),
}  # fmt: skip
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def lps_from_ras(affine_ras: ArrayLike) -> Float:
    """Turn a 4x4 matrix that ends in RAS mm (nibabel, NIfTI) into one that ends in LPS mm."""
    affine: Float = _LPS_FROM_RAS @ np.asarray(affine_ras, dtype=np.float64)
    return affine


def ras_from_lps(affine_lps: ArrayLike) -> Float:
    """Turn a 4x4 matrix that ends in LPS mm into one that ends in RAS mm."""
    return lps_from_ras(affine_lps)  # the same two rows change sign


def reversed_axes(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array whose fastest axis comes first (nibabel: i, j, k[, t]) slowest first, or back.

    A view: what is (x, y, z, t) becomes (t, z, y, x), and the other way round.
    """
    view: NDArray[Any] = array.transpose()
    return view


@dataclass(frozen=True)
class AxisOrder:
    """A permutation and flips of the three spatial axes, which are an array's last three.

    Parameters
    ----------
    axes
        Canonical axis k is axis ``axes[k]`` of the stored array.
    flips
        Whether canonical axis k runs against the stored one.
    """

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    @classmethod
    def toward(cls, letters: str) -> Self:
        """Return the order that turns a canonical array's axes toward other sides of the patient.

        Parameters
        ----------
        letters
            Where the three axes grow toward afterwards, e.g. ``RAS``; canonical is ``SPL``.

        Raises
        ------
        ValueError
            If they do not name three axes.
        """
        places = [_SIDES.get(letter, (3, False)) for letter in letters]
        if sorted(axis for axis, _ in places) != [0, 1, 2]:
            raise ValueError(f"'{letters}' does not name three axes.")
        axes, flips = zip(*places, strict=True)
        return cls(axes, flips)

    def apply(self, array: Any) -> Any:
        """Return the stored array (..., 3 spatial axes) in canonical order, as a view."""
        lead = array.ndim - 3
        moved = array.transpose((*range(lead), *(lead + a for a in self.axes)))
        return moved[(..., *(slice(None, None, -1 if f else 1) for f in self.flips))]

    def undo(self, array: Any) -> Any:
        """Return the canonical array (..., z, y, x) in stored order, as a view."""
        lead = array.ndim - 3
        flipped = array[(..., *(slice(None, None, -1 if f else 1) for f in self.flips))]
        back = np.argsort(self.axes)
        return flipped.transpose((*range(lead), *(lead + int(a) for a in back)))

    def apply_geometry(self, stored: Geometry) -> Geometry:
        """Return the canonical grid of the same voxels.

        A stored array's axes are called z, y, x in its own :class:`Geometry`, slowest first.
        """
        corner = [0, 0, 0]
        for axis, flip in zip(self.axes, self.flips, strict=True):
            corner[axis] = stored.shape_zyx[axis] - 1 if flip else 0
        columns_zyx = stored.direction[:, ::-1]
        signs = np.where(self.flips, -1.0, 1.0)
        columns = columns_zyx[:, list(self.axes)] * signs
        return Geometry(
            shape_zyx=_pick(stored.shape_zyx, self.axes),
            spacing_zyx_mm=_pick(stored.spacing_zyx_mm, self.axes),
            origin_lps_mm=_triple(stored.index_to_lps(corner)),
            direction_lps=tuple(_triple(row) for row in columns[:, ::-1]),  # type: ignore[arg-type]
        )


def canonical_order(stored: Geometry) -> AxisOrder:
    """Find the permutation and flips that bring a stored grid nearest to z = S, y = P, x = L.

    Of the six permutations the one with the largest sum of direction cosines is taken; for an
    orthogonal grid the result is always right-handed, whatever the stored handedness was.
    """
    toward_zyx = stored.direction[::-1, ::-1]  # rows S, P, L; columns: stored axes z, y, x
    best = max(
        permutations(range(3)),
        key=lambda axes: sum(abs(toward_zyx[row, axis]) for row, axis in enumerate(axes)),
    )
    flips = tuple(bool(toward_zyx[row, axis] < 0) for row, axis in enumerate(best))
    return AxisOrder(axes=best, flips=flips)  # type: ignore[arg-type]


@dataclass(frozen=True)
class SourceGrid:
    """How an image lies in its file: the stored grid, and how the canonical one came from it.

    Written files use this, so that a label map returns to the grid and the order that its image was
    stored in, to the bit.
    """

    geometry: Geometry
    order: AxisOrder = AxisOrder()

    @classmethod
    def of(cls, stored: Geometry) -> Self:
        """Describe a stored grid together with its way to the canonical order."""
        return cls(stored, canonical_order(stored))

    @property
    def canonical_geometry(self) -> Geometry:
        """The canonical grid of the same voxels."""
        return self.order.apply_geometry(self.geometry)

    @property
    def plane(self) -> Plane:
        """The plane of the stored slices: across the array's slowest spatial axis."""
        return _PLANES[self.order.axes.index(0)]

    def to_canonical(self, stored_array: NDArray[Any]) -> NDArray[Any]:
        """Return the stored array in canonical zyx order (a view)."""
        view: NDArray[Any] = self.order.apply(stored_array)
        return view

    def to_stored(self, canonical_array: NDArray[Any]) -> NDArray[Any]:
        """Return the canonical array in the order of the file (a view)."""
        view: NDArray[Any] = self.order.undo(canonical_array)
        return view


def _pick(values: tuple[Any, Any, Any], axes: tuple[int, int, int]) -> tuple[Any, Any, Any]:
    return values[axes[0]], values[axes[1]], values[axes[2]]


def _triple(values: Float) -> tuple[float, float, float]:
    x, y, z = (float(v) + 0.0 for v in values)  # + 0.0 turns -0.0 into 0.0
    return x, y, z
