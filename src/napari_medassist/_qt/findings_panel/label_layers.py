"""The label layers that findings stand for: their keys, and notice of every change of their voxels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from napari.layers import Labels

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.label_grids import state_of
from napari_medassist.app.layer_data import SUGGESTED_KEY, labels_from_layer
from napari_medassist.app.session import is_called_zones
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.labels import LabelMap


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The label layers at one moment.

    Parameters
    ----------
    held
        Key -> array and state of a layer, as a writer is given them.
    zones
        Key of the map of zones; empty if there is none.
    lesions
        Keys of the maps whose labels may be lesions.
    """

    held: Mapping[str, tuple[Any, dict[str, Any]]]
    zones: str
    lesions: tuple[str, ...]

    def maps(self) -> dict[str, LabelMap]:
        """Return the label maps on their own grids, by key; to look through them may take a moment.

        One that has no place in the patient is left out: it was moved, or belongs to a clip.
        """
        found = {}
        for key, (data, state) in self.held.items():
            with suppress(MedAssistError):
                found[key] = labels_from_layer(data, state)
        return found


class LabelLayers:
    """The label maps of the open case by key.

    The key of a map is that of the recording, so that renaming a layer does not part it from its
    findings, and they meet again when earlier work is restored.

    Parameters
    ----------
    bridge
        The link to the viewer.
    on_edit
        Called with the key of a map whose voxels have changed.
    """

    def __init__(self, bridge: Bridge, on_edit: Callable[[str], None]) -> None:
        self._bridge, self._on_edit = bridge, on_edit
        self._heard: WeakKeyDictionary[Labels, bool] = WeakKeyDictionary()

    def look(self) -> None:
        """Take in layers that are new."""
        for layer in self._bridge.label_layers():
            if layer not in self._heard:
                self._heard[layer] = True
                self._listen(layer)

    def lesion_layers(self) -> list[Labels]:
        """Return the layers whose labels may be lesions: not maps of zones, nor of suggestions."""
        return [
            layer
            for layer in self._bridge.label_layers()
            if not is_called_zones(layer.name) and SUGGESTED_KEY not in layer.metadata
        ]

    def suggested_layers(self) -> list[Labels]:
        """Return the layers of a model's suggestions."""
        return [n for n in self._bridge.label_layers() if SUGGESTED_KEY in n.metadata]

    def layer_of(self, key: str) -> Labels | None:
        """Return the layer of a map; None if it is not shown."""
        return next((n for n in self._bridge.label_layers() if self.key_of(n) == key), None)

    def key_of(self, layer: Labels) -> str:
        """Return the key of a layer's map; its name if it cannot be edited and so is not recorded."""
        return self._bridge.recorder.key_of(layer) or layer.name

    def snapshot(self) -> Snapshot:
        """Return what the layers hold, to be looked at in another thread."""
        layers = self._bridge.label_layers()
        zones = next((self.key_of(n) for n in layers if is_called_zones(n.name)), "")
        held = {self.key_of(n): (n.data, state_of(n)) for n in layers}
        return Snapshot(held, zones, tuple(self.key_of(n) for n in self.lesion_layers()))

    def _listen(self, layer: Labels) -> None:
        def edited(_event: Any = None) -> None:
            self._on_edit(self.key_of(layer))

        for name in ("paint", "data", "labels_update"):
            if hasattr(layer.events, name):
                getattr(layer.events, name).connect(edited)
