"""Painting in a linked view: strokes go to napari's labels layer, whatever view they are made in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.hanging.cuts import disc_voxels
from napari_medassist.app.hanging.planes import ViewPlane

_PAINTS = ("paint", "erase")


def paintable(layer: Any) -> Labels | None:
    """Return the layer if it is a label map whose brush or eraser is in the hand."""
    if not isinstance(layer, Labels) or not layer.editable or str(layer.mode) not in _PAINTS:
        return None
    return layer if layer.visible and layer.data.ndim == 3 else None


@contextmanager
def one_step(layer: Labels) -> Iterator[None]:
    """Make all that is painted in the block one step of the layer's undo."""
    with layer.block_history():
        yield


def stroke(
    layer: Labels,
    frame: DisplayFrame,
    plane: ViewPlane,
    start_lps: NDArray[np.float64],
    end_lps: NDArray[np.float64],
) -> None:
    """Paint or erase with the layer's brush, in the plane of a view, from point to point (LPS mm).

    The brush is as large as napari draws it: its size counts the finest voxels of the layer.
    """
    shape = tuple(int(n) for n in layer.data.shape)
    geometry = frame.geometry_of(shape, layer.scale, layer.translate)
    radius_mm = (layer.brush_size // 2 + 0.5) * min(geometry.spacing_zyx_mm)  # napari's own rule
    length = float(np.linalg.norm(end_lps - start_lps))
    n_steps = max(1, int(np.ceil(length / max(radius_mm / 2, min(geometry.spacing_zyx_mm) / 2))))
    found = [
        np.stack(disc_voxels(geometry, plane, point, radius_mm))
        for point in np.linspace(start_lps, end_lps, n_steps + 1)
    ]
    index = tuple(np.unique(np.concatenate(found, axis=1), axis=1))
    value = 0 if str(layer.mode) == "erase" else layer.selected_label
    if layer.preserve_labels:
        index = _free(layer, index, value)
    if index[0].size:
        layer.data_setitem(index, value)


def _free(
    layer: Labels, index: tuple[NDArray[np.intp], ...], value: int
) -> tuple[NDArray[np.intp], ...]:
    """Leave out what napari's "preserve labels" protects: all labels, or all but the one to erase."""
    is_free = layer.data[index] == (0 if value else layer.selected_label)
    return tuple(axis[is_free] for axis in index)
