"""Diffusion of a prostate brought to T2w by a network, whose map is then optimised for the pair."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.transform import AffineTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.models.backends.pytorch import network_of
from napari_medassist.models.grids import centre_of, centred_grid
from napari_medassist.models.normalise import normalise_mr
from napari_medassist.models.places import weights_path
from napari_medassist.models.zoo.diffusion_to_t2w import CARD, FINER, SPACING_ZYX_MM, WINDOW_ZYX
from napari_medassist.registration.local_field import continued
from napari_medassist.registration.spec import Pair, Registered

#: Less of the window than this in either image is too little of the pelvis that it learned from.
_LEAST_SHARE = 0.6
_UNTIL = 10


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Let the network displace, then optimise from there.

    Parameters
    ----------
    pair
        T2w and a diffusion image or ADC map of a prostate. The network looks at 72 x 112 x 112 mm about
        the middle of the fixed mask, else of the fixed image; beyond, the rigid map nearest to what it
        finds goes on.
    start
        First guess, fixed to moving.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If an image shows too little of that window.
    """
    from napari_medassist.registration.instance import deform

    begun = displacements(pair, start, part_of(progress, 0, _UNTIL))
    return deform(pair, start, part_of(progress, _UNTIL, 100), begun=begun)


def displacements(pair: Pair, start: AffineTransform, progress: Progress = silent) -> DisplacementField:
    """Return what the network alone finds, on the fixed grid; see :func:`register`."""
    import torch

    progress(0, 2, "network")
    window, inside = window_of(pair)
    channels = [
        normalise_mr(sampled(image, window, begin))
        for image, begin in ((pair.fixed, AffineTransform.identity()), (pair.moving, start))
    ]
    with torch.inference_mode():
        along_zyx = _network()(torch.from_numpy(np.stack(channels)[None]))[0].numpy()
    progress(1, 2, "displacements")
    axes = window.direction[:, ::-1].astype(np.float32)
    vectors = np.einsum("lc,czyx->zyxl", axes, along_zyx)
    return continued(vectors, window, pair.fixed.geometry, counts=inside)


def window_of(pair: Pair) -> tuple[Geometry, Float | None]:
    """Return what the network looks at, and where the fixed mask lies in it, if there is one."""
    fixed = pair.fixed.geometry
    if pair.fixed_mask is None:
        return centred_grid(fixed, SPACING_ZYX_MM, WINDOW_ZYX), None
    mask = pair.fixed_mask.astype(np.uint8)
    window = centred_grid(fixed, SPACING_ZYX_MM, WINDOW_ZYX, centre_of(mask, fixed))
    matrix, offset = window.index_map_to(fixed)
    there = ndimage.affine_transform(
        mask.astype(np.float32), matrix, offset, window.shape_zyx, order=1, mode="constant"
    )
    return window, (np.asarray(there, dtype=np.float64) if there.any() else None)


def sampled(image: Volume, window: Geometry, start: AffineTransform) -> NDArray[np.float32]:
    """Return an image in a window, as the simulation shows it: pixels of 1 mm, two by two joined.

    Parameters
    ----------
    image
        The image; at its border it goes on.
    window
        In the fixed image's space.
    start
        From there to the image's own.

    Raises
    ------
    InvalidImage
        If it shows too little of the window.
    """
    z, y, x = window.shape_zyx
    dz, dy, dx = window.spacing_zyx_mm
    corner = window.index_to_lps((0.0, 0.5 / FINER - 0.5, 0.5 / FINER - 0.5))
    fine = Geometry(
        (z, y * FINER, x * FINER), (dz, dy / FINER, dx / FINER), tuple(corner.tolist()),
        window.direction_lps,
    )  # fmt: skip
    index = image.geometry.lps_to_index(start.transform_points(fine.voxel_places_lps_mm()))
    last = np.asarray(image.geometry.shape_zyx) - 1
    share = float(((index >= -0.5) & (index <= last + 0.5)).all(axis=-1).mean())
    if share < _LEAST_SHARE:
        raise InvalidImage(
            f"'{image.name}' shows {share:.0%} of the 72 x 112 x 112 mm that {CARD.name} looks at.",
            cure="Begin where the images meet, give a mask of the prostate, or choose deformable.",
        )
    values = np.asarray(image.array, dtype=np.float32)
    there = ndimage.map_coordinates(values, index.reshape(-1, 3).T, order=1, mode="nearest")
    joined = there.reshape(z, y, FINER, x, FINER).mean(axis=(2, 4))
    return np.asarray(joined, dtype=np.float32)


@cache
def _network() -> Any:
    file = next(f for f in CARD.weights if f.name.endswith(".safetensors"))
    return network_of(weights_path(CARD, file), CARD.name).eval()
