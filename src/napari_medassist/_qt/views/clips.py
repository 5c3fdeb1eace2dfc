"""Clips on napari's canvas: one, or two side by side that go on frame by frame together."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Layer

from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.layer_data import link_of
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.video import VideoClip

#: Between two clips, as a share of the width of the first.
_GAP = 0.02


class ClipsBeside:
    """Shows the first clips of a case beside each other, their masks on them.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._moved: VideoClip | None = None
        self._by = 0.0
        bridge.viewer.layers.events.inserted.connect(self._on_inserted)

    def show(self, n_clips: int) -> None:
        """Show one clip or two, as far as the case has them, and nothing else.

        Raises
        ------
        InvalidImage
            If no clip is open.
        """
        self.close()
        case, bridge = self._bridge.session.case, self._bridge
        clips = () if case is None else tuple(case.clips())
        shown = [c for c in clips if bridge.layer_of(c) is not None]
        if not shown:
            raise InvalidImage("No clip is open.", cure="Open one, or choose another layout.")
        # In mm and in pixels beside each other, one of them would be a speck.
        is_sized = shown[0].spacing_yx_mm is not None
        shown = [c for c in shown if (c.spacing_yx_mm is not None) is is_sized][:n_clips]
        layers: list[Any] = [bridge.layer_of(clip) for clip in shown]
        for layer in bridge.layers(Image):
            layer.visible = layer in layers
        if len(shown) > 1:
            width = shown[0].frames.shape[2] * float(layers[0].scale[2])
            self._moved, self._by = shown[1], width * (1 + _GAP)
            for layer in bridge.layers():
                self._place(layer)
        bridge.viewer.layers.selection.active = layers[0]
        bridge.viewer.reset_view()

    def close(self) -> None:
        """Put the second clip back to where it was."""
        if self._moved is None:
            return
        self._by = 0.0
        for layer in self._bridge.layers():
            self._place(layer)
        self._moved = None

    def _on_inserted(self, event: Any) -> None:
        """Masks that are new or were brought back lie on their clip."""
        if self._moved is not None:
            self._place(event.value)

    def _place(self, layer: Layer) -> None:
        link = link_of(layer.metadata)
        if link is not None and link.image is self._moved:
            layer.translate = (*layer.translate[:-1], self._by)
