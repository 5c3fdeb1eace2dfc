"""Diffusion brought to T2w by a network that has learned it from simulated prostates."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.models.backends.base import Backend
from napari_medassist.models.backends.choice import load
from napari_medassist.models.grids import centred_grid
from napari_medassist.models.normalise import normalise_mr
from napari_medassist.models.zoo.diffusion_to_t2w import CARD, WINDOW_SPACING_ZYX_MM, WINDOW_ZYX
from napari_medassist.registration.itk import require_overlap
from napari_medassist.registration.local_field import continued
from napari_medassist.registration.resample import warped
from napari_medassist.registration.spec import Mask, Pair

#: Pixels of the network are the mean of two by two, as those that it learned from were.
_FINER = 2
#: Roles that say nothing against it are let pass: what they are, the user knows.
_FIXED_ROLES = ("t2w", "mr", "other", "")
_MOVING_ROLES = ("high-b", "dwi", "adc", "mr", "other", "")


def learned_field(pair: Pair, start: AffineTransform, progress: Progress = silent) -> DisplacementField:
    """Return the displacements that the network finds, on the fixed grid; they come before the start.

    The network's window of 72 x 112 x 112 mm lies about the fixed mask, or the middle of the image;
    beyond it the rigid map goes on that is nearest to what was found.

    Parameters
    ----------
    pair
        T2w of a prostate, and a high b-value image or an ADC map.
    start
        First guess, fixed to moving.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If the images are known to be others than those that the network has learned from, or hardly
        overlap at the start.
    """
    _require_known(pair.fixed, _FIXED_ROLES, "fixed image is T2w")
    _require_known(pair.moving, _MOVING_ROLES, "moving image is a high b-value image or an ADC map")
    require_overlap(pair, start)
    progress(0, 100, "images brought to the network's window")
    fine = _window(pair.fixed.geometry, pair.fixed_mask)
    here = AffineTransform.identity()
    images = [
        normalise_mr(_pooled(np.asarray(warped(image, at, fine).array, dtype=np.float32)))
        for image, at in ((pair.fixed, here), (pair.moving, start))
    ]
    progress(40, 100, "network")
    along_axes = _network().run(np.stack(images)[None], lambda: progress(60, 100, "network"))[0]
    window = _coarser(fine)
    axes = window.direction[:, ::-1].astype(np.float32)  # columns: unit vectors along z, y, x
    vectors = np.einsum("lc,czyx->zyxl", axes, along_axes)
    progress(80, 100, "displacements")
    return continued(np.ascontiguousarray(vectors), window, pair.fixed.geometry)


@cache
def _network() -> Backend:
    return load(CARD)


def _require_known(image: Volume, roles: tuple[str, ...], wanted: str) -> None:
    if image.role not in roles:
        raise InvalidImage(
            f"'{image.name}' is {image.role}: {CARD.name} has learned from pairs whose {wanted}.",
            cure="Choose another method, e.g. rigid or deformable, or set the role of the series.",
        )


def _window(fixed: Geometry, mask: Mask | None) -> Geometry:
    """Return the network's window, with pixels half as large as the network's."""
    z, y, x = WINDOW_ZYX
    dz, dy, dx = WINDOW_SPACING_ZYX_MM
    centre = None
    if mask is not None:
        index = np.argwhere(mask)
        centre = fixed.index_to_lps((index.min(axis=0) + index.max(axis=0)) / 2)
    shape = (z, y * _FINER, x * _FINER)
    return centred_grid(fixed, (dz, dy / _FINER, dx / _FINER), shape, centre)


def _coarser(fine: Geometry) -> Geometry:
    """Return the grid of pixels that are the mean of two by two."""
    first: Float = fine.index_to_lps((0.0, (_FINER - 1) / 2, (_FINER - 1) / 2))
    return Geometry(WINDOW_ZYX, WINDOW_SPACING_ZYX_MM, tuple(first.tolist()), fine.direction_lps)


def _pooled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    z, y, x = WINDOW_ZYX
    return np.asarray(image.reshape(z, y, _FINER, x, _FINER).mean(axis=(2, 4)))
