"""The keys of the linked views, in one place. napari leaves them free; they work in every view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: The key of each window of a series, in the order in which the panel lists them.
WINDOW_KEYS = tuple(f"Alt-{number}" for number in range(1, 10))
#: Keys in napari's way of writing them, and what they do.
VIEW_KEYS: Mapping[str, str] = {
    "F2": "next layout of the protocol",
    "F3": "crosshair on or off",
    "F4": "linked views on or off",
    "W": "next window of the series under the mouse",
    "Shift-W": "previous window of the series under the mouse",
    "PageUp": "five slices up",
    "PageDown": "five slices down",
    "Home": "first slice",
    "End": "last slice",
}


def bind_view_keys(viewer: Any, acts: Mapping[str, Callable[[], None]]) -> None:
    """Bind keys of the viewer to acts, for keys of :data:`VIEW_KEYS`."""
    for key, act in acts.items():

        def run(_viewer: Any, act: Callable[[], None] = act) -> None:
            act()

        viewer.bind_key(key, run, overwrite=True)


def keys_in_words() -> str:
    """Return all keys and what they do, one a line, for a tooltip."""
    windows = f"{WINDOW_KEYS[0]} to {WINDOW_KEYS[-1]}: window of the series under the mouse by number"
    keys = [f"{key}: {what}" for key, what in VIEW_KEYS.items()]
    return "\n".join([*keys, windows])
