"""What a user does to the case in the viewer; menu entries and buttons call these."""

from __future__ import annotations

import numpy as np
from napari.layers import Image, Labels

from napari_medassist._qt.bridge import Bridge
from napari_medassist.annotation.clips.masks import new_mask
from napari_medassist.annotation.document import Voxels
from napari_medassist.app.clips.mask_layers import key_of, mask_layer
from napari_medassist.app.layer_data import link_of
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Volume


def new_labels(bridge: Bridge) -> Labels:
    """Add an empty labels layer on the grid of the selected image, else of the reference image.

    On a clip these are masks of its frames.

    Raises
    ------
    InvalidImage
        If no image is open, or the selected one is shown resampled, so that its voxels are not there.
    """
    clip = bridge.selected_clip()
    if clip is not None:
        return new_masks(bridge, clip)
    volume = bridge.session.annotation_volume(bridge.selected_volume())
    if volume is None:
        raise InvalidImage("No image is open to label.", cure="Open a study or an image first.")
    if not bridge.session.can_paint_on(volume):
        raise InvalidImage(
            f"'{volume.name or volume.role}' lies askew to the case and is shown resampled: its own "
            "voxels cannot be painted here.",
            cure="Select another image of the case, or close the case and open this one alone.",
        )
    layer = bridge.add_labels(LabelMap.on(volume, name=f"Labels on {volume.name or volume.role}"))
    layer.selected_label = 1
    layer.mode = "paint"
    return layer


def new_masks(bridge: Bridge, clip: VideoClip, array: Voxels | None = None, name: str = "") -> Labels:
    """Add masks of a clip, empty unless an array (t, y, x) is given, with napari's brush in hand.

    Raises
    ------
    InvalidImage
        If the clip is not shown.
    TooLarge
        If the clip has too many pixels for masks.
    """
    shown = bridge.layer_of(clip)
    link = None if shown is None else link_of(shown.metadata)
    if link is None:
        raise InvalidImage("The clip is not shown.", cure="Open it again.")
    masks = new_mask(clip) if array is None else array
    called = name or f"Masks of {clip.name or 'clip'}"
    data = mask_layer(masks, link, key_of(clip).fingerprint, called)
    layer: Labels = bridge.add_layer_data([data])[0]
    bridge.viewer.layers.selection.active = layer
    layer.selected_label = 1
    layer.mode = "paint"
    return layer


def threshold_labels(bridge: Bridge) -> Labels:
    """Label what is brighter than the middle of the selected image's window, on its own grid.

    Raises
    ------
    InvalidImage
        If no three-dimensional image is selected.
    """
    volume, layer = _selected(bridge)
    cut = float(np.mean(layer.contrast_limits))
    mask = (np.asarray(volume.array) >= cut).astype(np.uint8)
    return bridge.add_labels(
        LabelMap.on(volume, mask, name=f"{volume.name or volume.role} >= {cut:.4g}")
    )


def fuse(bridge: Bridge) -> None:
    """Lay the selected image, in colour, over the reference image of the case.

    Raises
    ------
    InvalidImage
        If the reference image itself is selected, or no image is.
    """
    volume, over = _selected(bridge)
    reference = bridge.session.annotation_volume()
    under = None if reference is None else bridge.layer_of(reference)
    if under is None or volume is reference:
        raise InvalidImage("The reference image is selected.", cure="Select the image to lay over it.")
    under.visible = over.visible = True
    over.colormap, over.blending, over.opacity = "inferno", "additive", 0.6
    layers = bridge.viewer.layers
    layers.move(layers.index(over), layers.index(under) + 1)


def _selected(bridge: Bridge) -> tuple[Volume, Image]:
    volume = bridge.selected_volume()
    layer = None if volume is None else bridge.layer_of(volume)
    if volume is None or not isinstance(layer, Image):
        raise InvalidImage(
            "No three-dimensional image of the case is selected.",
            cure="Select one in the layer list or the MedAssist case panel.",
        )
    return volume, layer
