"""The keys of the tab "Clip": taken while a clip is open, given back after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet, ref

from napari.layers import Labels
from napari.utils.key_bindings import coerce_keybinding

#: Keys in the viewer while a clip is open, and what they do.
KEYS = {
    "Space": "play",
    "Left": "back",
    "Right": "on",
    ",": "back",
    ".": "on",
    "I": "in",
    "O": "out",
    "L": "loop",
    "Enter": "label",
    "D": "next doubtful",
    "A": "right",
    "R": "wrong",
}


class ClipKeys:
    """Binds :data:`KEYS`.

    Parameters
    ----------
    viewer
        The viewer.
    act
        Does what a key means.
    """

    def __init__(self, viewer: Any, act: Callable[[str], None]) -> None:
        self._viewer, self._act = ref(viewer), act
        self._before: dict[str, Any] = {}
        self._has_keys: WeakSet[Labels] = WeakSet()

    def bind(self, layer: Any) -> None:
        """Take the keys of the viewer, and of the clip's layer, whose own keys napari asks first."""
        viewer = self._viewer()
        if viewer is not None:
            for key in KEYS:
                self._before[key] = viewer.keymap.get(coerce_keybinding(key))
            self._give(viewer)
        self._give(layer)

    def give_to(self, masks: Iterable[Labels]) -> None:
        """Give the keys to masks that are new, or were brought back."""
        for layer in masks:
            if layer not in self._has_keys:
                self._has_keys.add(layer)
                self._give(layer)

    def unbind(self) -> None:
        """Give the viewer its keys back."""
        viewer = self._viewer()
        kept, self._before = self._before, {}
        if viewer is None:
            return
        for key, before in kept.items():
            viewer.keymap.pop(coerce_keybinding(key), None)
            if before is not None:
                viewer.bind_key(key, before, overwrite=True)

    def _give(self, to: Any) -> None:
        for key, name in KEYS.items():

            def run(_source: Any, name: str = name) -> None:
                self._act(name)

            to.bind_key(key, run, overwrite=True)
