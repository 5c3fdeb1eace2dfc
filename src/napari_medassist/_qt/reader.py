"""The reader that napari calls when something is dropped on it or opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_medassist._plugin.readers import can_read, layers_at
from napari_medassist.app.layer_data import LayerData

#: What napari understands as "read, and nothing to show".
_NOTHING: list[Any] = [(None,)]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[Any]] | None:
    """Return a function that reads the path as a case, or None if it holds no medical image.

    Parameters
    ----------
    path
        A file or folder, or several.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return _read if paths and all(can_read(p) for p in paths) else None


def _read(path: str | Sequence[str]) -> list[Any]:
    """Read with a progress dialog if there is a window, else silently."""
    paths = [path] if isinstance(path, str) else list(path)
    viewer = _current_viewer()
    if viewer is None:
        return [layer for p in paths for layer in layers_at(p)]
    for earlier in paths[:-1]:  # each is added before the next is read, which is drawn in its frame
        _bridge_of(viewer).add_layer_data(_read_into(viewer, Path(earlier)))
    return list(_read_into(viewer, Path(paths[-1]))) or _NOTHING


def _bridge_of(viewer: Any) -> Any:
    from napari_medassist._qt.bridge import bridge_of

    return bridge_of(viewer)


def _read_into(viewer: Any, path: Path) -> list[LayerData]:
    from napari.utils.notifications import show_info

    from napari_medassist._qt.dock import dock_of
    from napari_medassist._qt.threads import read_with_dialog
    from napari_medassist.core.errors import Cancelled

    session = _bridge_of(viewer).session
    if path.is_dir():
        dock_of(viewer)
    try:
        return read_with_dialog(path, session, None)
    except Cancelled as stopped:
        show_info(str(stopped))
        return []


def _current_viewer() -> Any:
    """Return napari's current viewer; None without a window (or without Qt)."""
    try:
        from napari import current_viewer
    except ImportError:
        return None
    return current_viewer()
