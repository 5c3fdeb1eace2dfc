"""Which label maps of a case would be lost if another case took its place."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from napari.layers import Labels

from napari_medassist._qt.bridge import Bridge


@contextmanager
def without_collecting() -> Iterator[None]:
    """Set what is alive aside, so that collecting garbage has nothing to look through.

    napari collects at each layer that is removed, a third of a second each in a large process.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class PaintedLabels:
    """Knows of the layers of a case which were painted on since it was opened.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.

    Attributes
    ----------
    n_strokes
        How many strokes there were on any label map.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._shown: list[Any] = []
        self._painted: set[int] = set()
        self.n_strokes = 0
        for layer in bridge.viewer.layers:
            self._listen(layer)
        bridge.viewer.layers.events.inserted.connect(self._on_inserted)

    def follow(self, layers: Sequence[Any]) -> None:
        """Look at the layers of a case that was just opened, from now on."""
        self._shown = list(layers)
        self._painted.clear()

    def layers(self) -> list[Labels]:
        """Return the label maps that were painted on, and those that came later."""
        ours = {id(layer) for layer in self._shown}
        return [
            layer
            for layer in self._bridge.label_layers()
            if id(layer) in self._painted or id(layer) not in ours
        ]

    def _on_inserted(self, event: Any) -> None:
        self._listen(event.value)

    def _listen(self, layer: Any) -> None:
        if isinstance(layer, Labels):
            layer.events.paint.connect(self._on_paint)

    def _on_paint(self, event: Any) -> None:
        self._painted.add(id(event.source))
        self.n_strokes += 1
