"""Masks of a clip in the viewer: labels layers (t, y, x) on its pixels, and what the buttons do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from napari.layers import Image, Labels

from napari_medassist._qt.bridge import Bridge
from napari_medassist.annotation.clips.masks import (
    between_frames,
    copied_to_next,
    new_mask,
    read_mask,
    write_mask,
)
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.annotation.operations.change import Change, Voxels
from napari_medassist.app.layer_data import CLIP_MASK_KEY
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.video import VideoClip


class ClipMasks:
    """The mask layers of one clip.

    Parameters
    ----------
    bridge
        The link to the viewer.
    clip, key
        The clip.
    layer
        The layer that shows it.
    """

    def __init__(self, bridge: Bridge, clip: VideoClip, key: ClipKey, layer: Image) -> None:
        self._bridge, self._clip, self._key, self._image = bridge, clip, key, layer

    def new(self, array: Voxels | None = None, name: str = "") -> Labels:
        """Add a mask layer, empty unless an array (t, y, x) is given, with napari's brush in hand."""
        layer = Labels(
            new_mask(self._clip) if array is None else array,
            name=name or f"Masks of {self._clip.name or 'clip'}",
            scale=self._image.scale,
            translate=self._image.translate,
            units=self._image.units,
            axis_labels=("t", "y", "x"),
            metadata={CLIP_MASK_KEY: self._key.fingerprint},
            opacity=0.6,
        )
        viewer = self._bridge.viewer
        viewer.add_layer(layer)
        viewer.layers.selection.active = layer
        layer.mode = "paint"
        return layer

    def layer(self) -> Labels:
        """Return the mask layer that is selected, or the only one.

        Raises
        ------
        InvalidSetting
            If there is none, or several and none of them is selected.
        """
        viewer, key = self._bridge.viewer, self._key.fingerprint
        masks = [n for n in viewer.layers if n.metadata.get(CLIP_MASK_KEY) == key]
        active = viewer.layers.selection.active
        if active in masks or len(masks) == 1:
            found: Labels = active if active in masks else masks[0]
            return found
        if masks:
            raise InvalidSetting(f"The clip has {len(masks)} masks.", cure="Select one in the list.")
        raise InvalidSetting("The clip has no mask yet.", cure="Press 'New mask' and draw.")

    def interpolate(self) -> str:
        """Fill the selected label between the frames that it was drawn on; return what to tell."""
        layer, clip = self.layer(), self._clip
        spacing = clip.spacing_yx_mm or (1.0, 1.0)
        times = self._key.times_s
        change = between_frames(layer.data, int(layer.selected_label), times, spacing)
        return _write(layer, change)

    def copy_to_next(self, frame: int) -> str:
        """Copy the selected label from a frame to the next; return what to tell."""
        layer = self.layer()
        return _write(layer, copied_to_next(layer.data, int(layer.selected_label), frame))

    def save(self, path: Path) -> None:
        """Write the mask as NRRD or NIfTI, frames along the third axis."""
        write_mask(path, np.asarray(self.layer().data), self._clip.spacing_yx_mm)

    def open(self, path: Path) -> Labels:
        """Add a mask that :meth:`save` wrote."""
        return self.new(read_mask(path, self._clip), path.name)


def _write(layer: Labels, change: Change) -> str:
    """Write a change as one step of the layer's undo, and return what to tell."""
    if change.n_voxels:
        layer.data_setitem(change.indices(), change.values)
    return change.note or f"{change.n_voxels} pixels changed."
