"""Where labels layers live: on the voxels of an image of the case, whoever made them."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.notifications import show_info, show_warning

from napari_medassist.app.layer_data import labels_from_layer, labels_layer, link_of
from napari_medassist.app.session import Session
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume


def labels_of(layer: Labels) -> LabelMap:
    """Return the label map that a layer shows, on its source grid."""
    return labels_from_layer(layer.data, state_of(layer))


def give_a_grid(layer: Labels, session: Session, selected: Volume | None) -> None:
    """Put a labels layer that napari's own button has just made onto the grid of an image.

    napari makes it as large as all layers together, in no one's voxels. It is empty, so nothing is
    lost; labels that hold something are left as they are.

    Parameters
    ----------
    layer
        The new layer.
    session
        What is open.
    selected
        The image to prefer: that of the layer which was selected.
    """
    candidates = (selected, session.annotation_volume())
    volume = next((v for v in candidates if v is not None and session.can_paint_on(v)), None)
    case = session.case
    if volume is None or case is None or layer.ndim not in (3, 4) or np.any(layer.data):
        return
    labels = LabelMap.on(volume, name=layer.name)
    data, options, _ = labels_layer(labels, case, session.frame)
    _place(layer, data, options)
    show_info(f"'{layer.name}' has the grid of {volume.name or volume.role}.")


def redraw(layer: Labels, session: Session) -> None:
    """Draw a label map that was opened before any image in the frame of the image."""
    link = link_of(layer.metadata)
    if link is None or link.frame == session.frame:
        return
    try:
        labels = labels_of(layer)
    except InvalidImage as error:  # moved by the user: it stays where it is
        show_warning(str(error))
        return
    data, options, _ = labels_layer(labels, link.case, session.frame, link.palette_shift)
    _place(layer, data, options)


def _place(layer: Labels, data: Any, options: dict[str, Any]) -> None:
    layer.data = data
    for attribute in ("scale", "translate", "units", "axis_labels", "colormap", "metadata"):
        setattr(layer, attribute, options[attribute])
    link = link_of(layer.metadata)
    layer.editable = link is not None and not link.resampled


def state_of(layer: Labels) -> dict[str, Any]:
    """Return of a layer what napari hands to a writer, as far as it matters."""
    return {
        "name": layer.name,
        "metadata": layer.metadata,
        "scale": layer.scale,
        "translate": layer.translate,
        "affine": layer.affine.affine_matrix,
        "features": layer.features,
        "colormap": layer.colormap,
    }
