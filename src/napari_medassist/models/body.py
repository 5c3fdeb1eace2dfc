"""The part of an image that shows the body: where windows slide, so that none looks at nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Modality, Volume

_LOOKS_AT_MM = 4.0
_MARGIN_MM = 12.0
_CT_BODY_HU = -500.0
#: Of other images: brighter than this share of the brightest tissue is body.
_BODY_SHARE = 0.1
#: A box that leaves out less than this is not worth another grid.
_WORTH_IT = 0.85


def body_grid(volume: Volume) -> Geometry:
    """Return the part of an image's grid around the body; all of it where that is about as small.

    Body is the largest connected part that is denser than air on CT, brighter than a tenth of the
    bright tissue on other images. The box has a margin of 12 mm; with a table beside it it is too
    large, and it is never too small.

    Parameters
    ----------
    volume
        A three-dimensional image.
    """
    grid = volume.geometry
    shape = np.asarray(grid.shape_zyx)
    step = np.maximum(1, np.floor(_LOOKS_AT_MM / np.asarray(grid.spacing_zyx_mm))).astype(int)
    seen = np.asarray(volume.array)[:: step[0], :: step[1], :: step[2]]
    parts, n = ndimage.label(_is_body(seen, volume.modality))
    if not n:
        return grid
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    box = ndimage.find_objects(parts)[int(sizes.argmax()) - 1]
    margin = np.ceil(_MARGIN_MM / np.asarray(grid.spacing_zyx_mm)).astype(int)
    low = np.maximum([s.start * k for s, k in zip(box, step, strict=True)] - margin, 0)
    high = np.minimum([s.stop * k for s, k in zip(box, step, strict=True)] + margin, shape)
    if np.prod(high - low) > _WORTH_IT * np.prod(shape):
        return grid
    corner = grid.index_to_lps(low.astype(np.float64))
    z, y, x = (int(n) for n in high - low)
    return Geometry((z, y, x), grid.spacing_zyx_mm, tuple(corner.tolist()), grid.direction_lps)


def _is_body(values: NDArray[np.generic], modality: Modality) -> NDArray[np.bool_]:
    seen = values.astype(np.float32)
    if modality is Modality.CT:
        return np.asarray(seen > _CT_BODY_HU)
    low, high = np.percentile(seen, [1, 99])
    smooth = ndimage.uniform_filter(seen, 3)  # noise around the body is no body
    return np.asarray(smooth > low + _BODY_SHARE * (high - low))
