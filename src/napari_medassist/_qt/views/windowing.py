"""Windows of a layer: dragged with the right mouse button, chosen by a key, reset."""

from __future__ import annotations

from typing import Any

from napari.layers import Image

from napari_medassist.app.layer_data import link_of
from napari_medassist.app.windows import Limits, WindowPreset, dragged_window, window_presets
from napari_medassist.core.errors import UnknownItem


class WindowDrag:
    """A drag that changes the window of one layer.

    Parameters
    ----------
    layer
        The layer; its window now is what the drag starts from.
    """

    def __init__(self, layer: Image) -> None:
        self._layer = layer
        low, high = layer.contrast_limits
        self._start: Limits = (float(low), float(high))

    def drag_to(self, right_px: float, down_px: float) -> None:
        """Show the window that belongs to a mouse so far from where the drag began."""
        set_window(self._layer, dragged_window(self._start, right_px, down_px))


def set_window(layer: Image, limits: Limits) -> None:
    """Show a layer between two values, also beyond those that its slider reached so far."""
    low, high = limits
    first, last = layer.contrast_limits_range
    if low < first or high > last:
        layer.contrast_limits_range = (min(low, first), max(high, last))
    layer.contrast_limits = (low, high)


def presets_of(layer: Any) -> tuple[WindowPreset, ...]:
    """Return the presets of a layer's series; none if it is no image of the case."""
    link = link_of(layer.metadata) if isinstance(layer, Image) and not layer.rgb else None
    return () if link is None else window_presets(link.image)  # type: ignore[arg-type]


def reset_window(layer: Any) -> None:
    """Give a layer the window that it opened with."""
    for preset in presets_of(layer)[:1]:
        set_window(layer, preset.limits)


def choose_preset(layer: Any, name: str) -> None:
    """Give a layer a preset by its name.

    Raises
    ------
    UnknownItem
        If its series has no such preset; the message lists those that it has.
    """
    presets = presets_of(layer)
    found = next((preset for preset in presets if preset.name == name), None)
    if found is None:
        known = ", ".join(f"'{preset.name}'" for preset in presets)
        raise UnknownItem(f"'{layer.name}' has no window '{name}', it has {known}.")
    set_window(layer, found.limits)


def next_preset(layer: Any, step: int = 1) -> str:
    """Give a layer the preset after (or before) the one it shows; return its name, or nothing."""
    presets = presets_of(layer)
    if not presets:
        return ""
    shown = tuple(float(v) for v in layer.contrast_limits)
    now = next((n for n, preset in enumerate(presets) if preset.limits == shown), -1)
    preset = presets[(now + step) % len(presets)]
    set_window(layer, preset.limits)
    return preset.name


def numbered_preset(layer: Any, number: int) -> str:
    """Give a layer its preset of a number, counted from 1; return its name, or nothing."""
    presets = presets_of(layer)[number - 1 : number]
    for preset in presets:
        set_window(layer, preset.limits)
    return presets[0].name if presets else ""
