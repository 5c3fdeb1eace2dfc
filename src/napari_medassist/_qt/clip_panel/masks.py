"""Masks of a clip in the viewer: labels layers (t, y, x) on its pixels, and what the buttons do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from napari.layers import Labels

from napari_medassist._qt.acts import new_masks
from napari_medassist._qt.bridge import Bridge
from napari_medassist.annotation.clips.masks import (
    between_frames,
    copied_to_next,
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
    """

    def __init__(self, bridge: Bridge, clip: VideoClip, key: ClipKey) -> None:
        self._bridge, self._clip, self._key = bridge, clip, key

    def new(self, array: Voxels | None = None, name: str = "") -> Labels:
        """Add a mask layer, empty unless an array (t, y, x) is given, with napari's brush in hand."""
        return new_masks(self._bridge, self._clip, array, name)

    def all(self) -> list[Labels]:
        """Return the mask layers of the clip, top one first."""
        key = self._key.fingerprint
        layers = self._bridge.drawn_layers()
        return [layer for layer in layers if layer.metadata.get(CLIP_MASK_KEY) == key]

    def layer(self) -> Labels:
        """Return the mask layer that is selected, or the only one.

        Raises
        ------
        InvalidSetting
            If there is none, or several and none of them is selected.
        """
        masks = self.all()
        active = self._bridge.viewer.layers.selection.active
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
        return self._write(layer, change, "Interpolate")

    def copy_to_next(self, frame: int) -> str:
        """Copy the selected label from a frame to the next; return what to tell."""
        layer = self.layer()
        change = copied_to_next(layer.data, int(layer.selected_label), frame)
        return self._write(layer, change, "Copy to next")

    def save(self, path: Path) -> None:
        """Write the mask as NRRD or NIfTI, frames along the third axis."""
        layer, recorder = self.layer(), self._bridge.recorder
        write_mask(path, np.asarray(layer.data), self._clip.spacing_yx_mm)
        recorder.recording.note_saved(recorder.key_of(layer), path)

    def open(self, path: Path) -> Labels:
        """Add a mask that :meth:`save` wrote."""
        return self.new(read_mask(path, self._clip), path.name)

    def _write(self, layer: Labels, change: Change, title: str) -> str:
        """Write a change as one step of the case's history, and return what to tell."""
        if change.n_voxels:
            with self._bridge.recorder.titled(title):
                layer.data_setitem(change.indices(), change.values)
        return change.note or f"{change.n_voxels} pixels changed."
