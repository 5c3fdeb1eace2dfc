"""Slices as pictures for Qt's painter, with the window, colours and opacity of their layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import ensure_colormap
from numpy.typing import NDArray
from qtpy.QtGui import QImage

from napari_medassist.app.hanging.fusion import Overlay
from napari_medassist.app.windows import Limits

#: Values above are too many for a table of colours.
_MOST_COLOURS = 1 << 16


def image_picture(values: NDArray[Any], layer: Image, limits: Limits) -> QImage:
    """Return a slice in grey or the layer's colours, between two limits."""
    levels = _levels(values, limits)
    if layer.gamma == 1 and layer.colormap.name in ("gray", "grey"):
        grey = levels.astype(np.uint32)
        return picture_of(grey * np.uint32(0x010101) | np.uint32(0xFF000000))
    steps = np.linspace(0, 1, 256) ** layer.gamma
    return picture_of(_packed(layer.colormap.map(steps))[levels])


def overlay_picture(overlay: Overlay, layer: Image, colours: str) -> QImage:
    """Return a fused series in colours of a name, transparent where it does not reach."""
    steps = np.linspace(0, 1, 256) ** layer.gamma
    table = _packed(ensure_colormap(colours).map(steps))
    low, high = layer.contrast_limits
    argb = table[_levels(overlay.cut.values, (float(low), float(high)))]
    argb[~overlay.is_inside] = 0
    return picture_of(argb)


def mask_picture(weights: NDArray[np.float64]) -> QImage:
    """Return weights 0..1 as a picture that has nothing but opacity."""
    return picture_of(np.rint(weights * 255).astype(np.uint32) << np.uint32(24))


def labels_picture(values: NDArray[Any], layer: Labels) -> QImage:
    """Return a slice of a label map in its colours, transparent where nothing is labelled."""
    shown = np.where(values == layer.selected_label, values, 0) if layer.show_selected_label else values
    if layer.contour > 0:
        shown = np.where(_is_inside(shown, layer.contour), 0, shown)
    highest = int(shown.max(initial=0))
    if highest < _MOST_COLOURS and int(shown.min(initial=0)) >= 0:
        table = _packed(layer.colormap.map(np.arange(highest + 1)), layer.opacity)
        table[0] = 0
        return picture_of(table[shown])
    found, places = np.unique(shown, return_inverse=True)
    table = _packed(layer.colormap.map(found), layer.opacity)
    table[found == 0] = 0
    return picture_of(table[places].reshape(shown.shape))


def picture_of(argb: NDArray[np.uint32]) -> QImage:
    """Return a picture of premultiplied ARGB; it keeps the array alive."""
    pixels = np.ascontiguousarray(argb)
    rows, columns = pixels.shape
    picture = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
    picture._pixels = pixels  # Qt does not own them
    return picture


def _levels(values: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    """Return values as steps 0..255 between two limits."""
    low, high = limits
    scaled = (np.asarray(values, dtype=np.float32) - low) * (255.0 / max(high - low, 1e-12))
    return np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8)


def _packed(rgba: Any, opacity: float = 1.0) -> NDArray[np.uint32]:
    """Pack colours (n, 4), 0..1, into premultiplied ARGB."""
    colours = np.asarray(rgba, dtype=np.float64)
    alpha = colours[:, 3] * opacity
    parts = np.rint(np.column_stack([alpha, colours[:, :3] * alpha[:, None]]) * 255).astype(np.uint32)
    shifts = np.asarray([24, 16, 8, 0], dtype=np.uint32)
    shifts = np.asarray([24, 16, 8, 0], dtype=np.uint32)
    packed: NDArray[np.uint32] = np.bitwise_or.reduce(parts << shifts, axis=1)
    return packed


def _is_inside(values: NDArray[Any], width: int) -> NDArray[np.bool_]:
    """Tell which pixels lie so deep in their label that an outline of this width leaves them out."""
    same = np.ones(values.shape, dtype=bool)
    for _ in range(width):
        padded = np.pad(np.where(same, values, -1), 1, constant_values=-1)
        middle = padded[1:-1, 1:-1]
        same &= (middle == padded[:-2, 1:-1]) & (middle == padded[2:, 1:-1])
        same &= (middle == padded[1:-1, :-2]) & (middle == padded[1:-1, 2:])
    return same
