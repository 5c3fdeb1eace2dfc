"""What every method of registration takes and gives, whatever it does inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress
from napari_medassist.core.transform import AffineTransform, Transform
from napari_medassist.core.volume import Volume

Mask = NDArray[np.bool_]

#: Fewer slices, rows or columns say nothing of how an image lies.
_LEAST_VOXELS = 4


class Gives(StrEnum):
    """What kind of map a method finds."""

    RIGID = "rigid"
    AFFINE = "affine"
    DEFORMABLE = "deformable"


@dataclass(frozen=True, eq=False)
class Pair:
    """Two images to be aligned; checked by :func:`checked`.

    Parameters
    ----------
    fixed, moving
        The moving one is brought to the fixed one. Neither is changed.
    fixed_mask, moving_mask
        bool (z, y, x) on their grids: where the image counts. None for everywhere.
    guides
        The same places in both images, (n, 3) LPS mm each, that a deformation shall bring together as
        well as it can; None where landmarks only measure.
    """

    fixed: Volume
    moving: Volume
    fixed_mask: Mask | None = None
    moving_mask: Mask | None = None
    guides: tuple[Float, Float] | None = None


@dataclass(frozen=True, eq=False)
class Registered:
    """What a method has found.

    Attributes
    ----------
    transform
        From the fixed image's space to the moving image's, LPS mm.
    before, after
        What the method minimised, at its start and at its end, on its finest level; None for one that
        minimises nothing.
    n_iterations
        Over all levels.
    """

    transform: Transform
    before: float | None
    after: float | None
    n_iterations: int


Run = Callable[[Pair, AffineTransform, Progress], Registered]
#: Landmarks of the fixed image and their partners, (n, 3) LPS mm each, to the map they decide.
Fit = Callable[[Float, Float], Transform]


@dataclass(frozen=True)
class MethodSpec:
    """A method of registration.

    Parameters
    ----------
    name, title
        What it is called, and what it does in a few words.
    gives
        What kind of map it finds.
    run
        From a checked pair and a start (fixed to moving) to a map; the start is part of it.
    needs
        Modules beside those that are always installed.
    refine
        The same from a start that is nearly right, without looks so coarse that they might leave it;
        ``run`` itself where there is none.
    extra
        The package's extra that brings what it needs; that of the module's name by default.
    can_be_guided
        Whether landmarks may take part in it.
    needs_masks
        Whether it works on what the masks of both images outline.
    fitted
        For a method that works on landmarks alone: what it does with them, so that each can be left out
        in turn. None for all others.
    """

    name: str
    title: str
    gives: Gives
    run: Run
    needs: tuple[str, ...] = ()
    refine: Run | None = None
    extra: str = ""
    can_be_guided: bool = False
    needs_masks: bool = False
    fitted: Fit | None = None

    @property
    def needs_guides(self) -> bool:
        """Whether it works on landmarks alone."""
        return self.fitted is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""
        return tuple(name for name in self.needs if find_spec(name) is None)

    def require_installed(self) -> None:
        """Raise ``InvalidSetting`` if a package that it needs is not installed."""
        if self.missing:
            raise InvalidSetting(
                f"'{self.name}' needs {', '.join(self.missing)}, which is not installed.",
                cure="Once, with a network: pip install "
                f'"napari-medassist[{self.extra or self.missing[0]}]"; or '
                "choose a method by mutual information.",
            )


def outlines_of(pair: Pair, name: str) -> tuple[Mask, Mask]:
    """Return both masks of a pair, for a method that works on what they outline.

    Parameters
    ----------
    pair
        The images.
    name
        The method, for the message.

    Raises
    ------
    InvalidSetting
        If an image has none.
    """
    if pair.fixed_mask is None or pair.moving_mask is None:
        raise InvalidSetting(
            f"'{name}' aligns what is outlined in both images.",
            cure="Give a mask of the organ for each of them.",
        )
    return pair.fixed_mask, pair.moving_mask


def checked(pair: Pair) -> Pair:
    """Return a pair if images and masks can be aligned at all.

    Raises
    ------
    InvalidImage
        If an image has a time axis, holds values that are not finite, is constant (in its mask), or has
        fewer than four voxels along an axis; if a mask is empty, or not on its image's grid.
    """
    for image, mask in ((pair.fixed, pair.fixed_mask), (pair.moving, pair.moving_mask)):
        values = np.asarray(image.array)
        if values.ndim != 3:
            raise InvalidImage(f"'{image.name}' has a time axis.", cure="Choose one time point of it.")
        if min(values.shape) < _LEAST_VOXELS:
            raise InvalidImage(
                f"'{image.name}' has {' x '.join(map(str, values.shape))} voxels (z, y, x): too few "
                f"to align; at least {_LEAST_VOXELS} along each axis are needed."
            )
        if not np.isfinite(values).all():
            raise InvalidImage(
                f"'{image.name}' holds values that are not finite.",
                cure="Replace them on purpose, e.g. by 0, and open the image again.",
            )
        if mask is not None and mask.shape != values.shape:
            raise InvalidImage(f"The mask of '{image.name}' is not on its grid.")
        if mask is not None and not mask.any():
            raise InvalidImage(f"The mask of '{image.name}' is empty.")
        counted = values if mask is None else values[mask]
        if counted.min() == counted.max():
            raise InvalidImage(f"'{image.name}' has one value everywhere: there is nothing to align.")
    return pair


def overlap_share(fixed: Geometry, moving: Geometry, start: Transform) -> float:
    """Return the share of the fixed grid that lies within the moving one, at 20 places an axis."""
    steps = [np.linspace(0, n - 1, min(n, 20)) for n in fixed.shape_zyx]
    index = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    there = moving.lps_to_index(start.transform_points(fixed.index_to_lps(index)))
    last = np.asarray(moving.shape_zyx) - 1
    return float(np.all((there >= -0.5) & (there <= last + 0.5), axis=1).mean())
