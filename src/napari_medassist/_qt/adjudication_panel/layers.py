"""The label maps of an adjudication in the viewer: two readers, the map that is made, differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_medassist._qt.bridge import Bridge
from napari_medassist.annotation.operations.change import Change
from napari_medassist.app.layer_data import NOT_OWN_KEY, SAVED_ELSEWHERE
from napari_medassist.core.labels import LabelMap

#: Width of the readers' outlines, in voxels.
_CONTOUR = 1
#: Colours of the two readers' outlines: apart with the common colour-vision deficiencies.
READER_COLOURS = ((0.90, 0.62, 0.0, 1.0), (0.34, 0.71, 0.91, 1.0))


class AdjudicationLayers:
    """Adds layers that are not the reader's own, writes into one of them, and takes them away.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._added: list[Labels] = []
        self._hidden: list[Labels] = []
        self.made: Labels | None = None
        self._by_kind: dict[str, Labels] = {}

    def show(
        self, first: LabelMap, second: LabelMap, readers: tuple[str, str], made: LabelMap
    ) -> Labels:
        """Show the outlines of two readers and the map that is made, which is selected; return it."""
        self.remove()
        for layer in self._bridge.label_layers():
            if layer.visible:
                layer.visible = False
                self._hidden.append(layer)
        self.made = self._add(made, SAVED_ELSEWHERE)
        for labels, reader, colour in zip((first, second), readers, READER_COLOURS, strict=True):
            layer = self._add(labels.with_changes(name=reader, array=np.array(labels.array)))
            layer.colormap = {None: colour, 0: (0.0, 0.0, 0.0, 0.0)}
            layer.contour = _CONTOUR
            layer.editable = False
        self._bridge.viewer.layers.selection.active = self.made
        return self.made

    def show_extra(self, kind: str, labels: LabelMap | None) -> None:
        """Show a further map, in place of an earlier one of its kind; None takes it away."""
        before = self._by_kind.pop(kind, None)
        if before is not None and before in self._bridge.viewer.layers:
            self._bridge.viewer.layers.remove(before)
        if labels is None:
            return
        active = self._bridge.viewer.layers.selection.active
        self._by_kind[kind] = added = self._add(labels)
        if self.made is not None:  # under what is decided and outlined
            layers = self._bridge.viewer.layers
            layers.move(layers.index(added), layers.index(self.made))
        self._bridge.viewer.layers.selection.active = active  # strokes go where they went

    def write(self, change: Change) -> None:
        """Write a change into the map that is made."""
        if self.made is not None and change.n_voxels:
            self.made.data_setitem(change.indices(), change.values)

    def remove(self) -> None:
        """Take the layers away and show again what was hidden for them."""
        layers = self._bridge.viewer.layers
        for layer in self._added:
            if layer in layers:
                layers.remove(layer)
        for layer in self._hidden:
            if layer in layers:
                layer.visible = True
        self._added.clear()
        self._hidden.clear()
        self._by_kind.clear()
        self.made = None

    def is_there(self) -> bool:
        """Tell whether the map that is made is still shown."""
        return self.made is not None and self.made in self._bridge.viewer.layers

    def paint_by_hand(self, label: int) -> None:
        """Give the hand the brush, on the map that is made."""
        if self.made is not None:
            self._bridge.viewer.layers.selection.active = self.made
            self.made.selected_label = label
            self.made.mode = "paint"

    def bind_keys(self, acts: dict[str, Any]) -> None:
        """Bind keys while the map that is made is selected; they go before napari's own there."""
        if self.made is None:
            return
        for key, act in acts.items():
            self.made.bind_key(key, lambda _layer, act=act: act(), overwrite=True)

    def _add(self, labels: LabelMap, mark: str = "shown only") -> Labels:
        with self._bridge.recorder.passed_over():  # decisions have a record and an undo of their own
            layer = self._bridge.add_labels(labels)
            layer.metadata = {**layer.metadata, NOT_OWN_KEY: mark}
        self._added.append(layer)
        return layer
