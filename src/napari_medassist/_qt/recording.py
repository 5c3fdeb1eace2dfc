"""Label layers and the recording in step: strokes go into the one history, undo goes back to layers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.notifications import show_warning
from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QTimer

from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.recorded_looks import (
    about_of,
    dab_of,
    dress,
    layer_data_of,
    why_not_recorded,
)
from napari_medassist.annotation.actions import Action, Together, parts_of
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.annotation.voxel_edit import VoxelEdit, difference, voxel_edit
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.app.layer_data import NOT_OWN_KEY, SAVED_ELSEWHERE, LayerLink, link_of
from napari_medassist.core.case import Case

if TYPE_CHECKING:
    from napari_medassist._qt.bridge import Bridge

#: Where a layer says which label map of the document it shows.
KEY = "medassist_map"
_TEND_EVERY_MS = 2000
_TITLES = {"paint": "Brush", "erase": "Erase", "fill": "Fill", "polygon": "Polygon"}
_WATCHED = ("paint", "data", "name", "features", "colormap")


class LayerRecorder:
    """Records what is done to the label layers of the case, and shows what undo and restore bring back.

    Emits ``restored`` when earlier work was taken up again.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    restored = Signal()

    def __init__(self, bridge: Bridge) -> None:
        self.recording = Recording()
        self._bridge = bridge
        self._layers: dict[str, Labels] = {}
        self._is_applying = self._is_given = False
        self._title = ""
        self._later = QTimer()
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.sync)
        self._tend = QTimer()
        self._tend.setInterval(_TEND_EVERY_MS)
        self._tend.timeout.connect(self._tend_if_quiet)
        self.recording.applied.connect(self._show)
        bridge.session.case_changed.connect(self._on_case)
        bridge.layers_changed.connect(self._on_layers)
        bridge.viewer.bind_key("Control-Z", lambda _viewer: self.undo(), overwrite=True)
        bridge.viewer.bind_key("Control-Shift-Z", lambda _viewer: self.redo(), overwrite=True)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.recording.close)

    # ---------------------------------------------------------------- acts

    @shows_errors
    def undo(self) -> None:
        """Take the last step back, on whichever label map and slice it was."""
        alone = self._unrecorded()
        if alone is not None and alone._undo_history:
            alone.undo()
        elif self._is_quiet():
            self.sync()
            self.recording.undo()

    @shows_errors
    def redo(self) -> None:
        """Do the step again that was taken back last."""
        alone = self._unrecorded()
        if alone is not None and alone._redo_history:
            alone.redo()
        elif self._is_quiet():
            self.sync()
            self.recording.redo()

    @contextmanager
    def titled(self, title: str) -> Iterator[None]:
        """Give the steps that are made in the block a title."""
        before, self._title = self._title, title
        try:
            yield
        finally:
            self._title = before

    @contextmanager
    def given(self) -> Iterator[None]:
        """Take label maps that are added in the block for what is there already: they are no step."""
        self._is_given = True
        try:
            yield
        finally:
            self._is_given = False

    @contextmanager
    def passed_over(self) -> Iterator[None]:
        """Do not record label maps that are added in the block and get ``NOT_OWN_KEY`` in it."""
        with self._applying():
            yield

    def restore(self) -> None:
        """Take earlier work on the case up again, and show its label maps."""
        self.sync()
        found = self.recording.restore()
        for told in found.told:
            show_warning(told)
        self._show_document()
        self.restored.emit()

    def key_of(self, layer: Labels) -> str:
        """Return the key of a layer's label map; empty if it is not recorded."""
        return next((key for key, known in self._layers.items() if known is layer), "")

    def not_recorded(self) -> str:
        """Say which label maps that are worked on are not recorded, and why; empty if all are."""
        if self.recording.case is None:
            return ""
        active = self._bridge.viewer.layers.selection.active
        told = [
            f"'{layer.name}': {why_not_recorded(layer)}"
            for layer in self._bridge.viewer.layers
            if isinstance(layer, Labels)
            and not self.key_of(layer)
            and layer.metadata.get(NOT_OWN_KEY) != SAVED_ELSEWHERE
            and (layer._undo_history or (layer is active and layer.editable))
        ]
        return f"Not recorded, save it to a file: {'; '.join(told)}" if told else ""

    # ---------------------------------------------------------------- case and layers

    def _on_case(self, case: Case | None) -> None:
        if case is None:
            for key in list(self._layers):
                self._forget(key)
            self._tend.stop()
            not_saved = self.recording.saving().text
            if not self.recording.close():
                show_warning(f"The last steps on the closed case are not on the disk. {not_saved}")
        elif self.recording.case is None:
            self.recording.open(case)
            self._tend.start()
            for told in self.recording.told:
                show_warning(told)

    def _on_layers(self) -> None:
        """Take in new layers now; what went is looked at later: it may be the whole case."""
        if self._is_applying or self.recording.case is None:
            return
        for layer in reversed(self._bridge.drawn_layers()):
            if not self.key_of(layer) and self._is_recorded(layer):
                self._adopt(layer)
        self._later.start()

    def sync(self) -> None:
        """Record the label maps that were removed."""
        if self._is_applying or self.recording.case is None:
            return
        there = {id(layer) for layer in self._bridge.viewer.layers}
        for key in [k for k, layer in self._layers.items() if id(layer) not in there]:
            document = self.recording.document
            about, voxels = document.about[key], document.maps[key]
            edit = MapEdit.removed(f"Remove '{about['name']}'", key, about, voxels)
            self._forget(key)
            del document.about[key], document.maps[key]
            self.recording.record(edit)

    def _is_recorded(self, layer: Labels) -> bool:
        link = link_of(layer.metadata)
        cases = (self._bridge.session.case, *self._bridge.known_cases())
        return (
            link is not None
            and not link.resampled
            and NOT_OWN_KEY not in layer.metadata
            and any(link.case is case for case in cases)
            and isinstance(layer.data, np.ndarray)
            and layer.data.ndim == 3
        )

    def _adopt(self, layer: Labels) -> None:
        link = link_of(layer.metadata)
        key, about = self._key_for(layer, link), about_of(layer)
        self._attach(key, layer)
        is_given = self._is_given or (
            link is not None and any(link.image is m for m in link.case.labels)
        )
        self.recording.know(key, about, layer.data)
        if not is_given or self.recording.has_begun:
            self.recording.record(MapEdit.added(f"Add '{layer.name}'", key, about, layer.data))
        if self.recording.read_only:
            layer.editable = False

    def _key_for(self, layer: Labels, link: LayerLink | None) -> str:
        """Return a key that is the same whenever the same file is opened with the case."""
        stated = str(layer.metadata.get(KEY, ""))
        if stated and stated not in self._layers:
            return stated
        if self._is_given and f"given:{layer.name}" not in self._layers:
            return f"given:{layer.name}"
        labels = () if link is None else link.case.labels
        place = next((n for n, m in enumerate(labels) if link is not None and m is link.image), None)
        key = f"new:{uuid.uuid4().hex[:8]}" if place is None else f"case:{place}:{labels[place].name}"
        return key if key not in self._layers else f"{key}:{uuid.uuid4().hex[:4]}"

    def _attach(self, key: str, layer: Labels) -> None:
        self._layers[key] = layer
        layer.metadata[KEY] = key
        for name in _WATCHED:
            getattr(layer.events, name).connect(self._on_event)
        # napari's keys call these: there is one history, not one a layer.
        layer.undo, layer.redo = self.undo, self.redo
        layer._reset_history()

    def _forget(self, key: str) -> None:
        layer = self._layers.pop(key)
        layer.metadata.pop(KEY, None)
        for name in _WATCHED:
            getattr(layer.events, name).disconnect(self._on_event)
        for name in ("undo", "redo"):
            vars(layer).pop(name, None)

    # ---------------------------------------------------------------- from layers to the recording

    def _on_event(self, event: Any) -> None:
        layer = event.source
        key = self.key_of(layer)
        if self._is_applying or not key:
            return
        if event.type == "paint":
            self._on_paint(key, layer, event.value)
        elif event.type == "data":
            self._on_data(key, layer)
        else:
            self._on_look(key, layer)

    def _on_paint(self, key: str, layer: Labels, atoms: Any) -> None:
        if not atoms:
            return
        title = self._title or _TITLES.get(str(layer.mode), "Edit")
        edit = voxel_edit(title, key, layer.data, [dab_of(atom) for atom in atoms])
        # The step is in our history now; napari's copy would only take memory.
        layer._undo_history.clear()
        if edit is not None:
            self.recording.record(edit)
            if self.recording.read_only:
                self._lock_layers()

    def _on_data(self, key: str, layer: Labels) -> None:
        """Record an array that took the place of another one."""
        document, about = self.recording.document, about_of(layer)
        before, after = document.maps[key], layer.data
        if after is before:
            return
        if not isinstance(after, np.ndarray) or after.ndim != 3:
            self._forget(key)
            show_warning(
                f"'{layer.name}' has no plain array of three axes any more: it is not recorded."
            )
            return
        name = layer.name
        if after.shape == before.shape and after.dtype == before.dtype:
            edit: Action | None = difference(self._title or f"Replace '{name}'", key, before, after)
        else:
            gone = MapEdit.removed("", key, document.about[key], before)
            edit = Together(f"Replace '{name}'", (gone, MapEdit.added("", key, about, after)))
        self.recording.know(key, about, after)
        if edit is not None:
            self.recording.record(edit)

    def _on_look(self, key: str, layer: Labels) -> None:
        document, about = self.recording.document, about_of(layer)
        before = document.about[key]
        if about != before:
            title = "Rename" if about["name"] != before["name"] else "Change labels"
            document.about[key] = about
            self.recording.record(MapEdit(f"{title} '{layer.name}'", key, before, about))

    def _lock_layers(self) -> None:
        show_warning(self.recording.read_only)
        for layer in self._layers.values():
            layer.editable = False

    # ---------------------------------------------------------------- from the recording to layers

    def _show(self, action: Action) -> None:
        """Show what undo or redo has done."""
        for part in parts_of(action):
            if isinstance(part, VoxelEdit) and part.key in self._layers:
                self._show_voxels(self._layers[part.key], part)
            elif isinstance(part, MapEdit):
                self._show_document()

    def _show_voxels(self, layer: Labels, edit: VoxelEdit) -> None:
        if not layer.visible:  # to set it anew would put the brush down
            layer.visible = True
        with self._applying():
            layer.refresh()
            layer.events.paint(value=[])  # for those who watch the voxels
        self._go_to(layer, edit)

    def _go_to(self, layer: Labels, edit: VoxelEdit) -> None:
        """Show a slice of what changed, unless one is shown."""
        dims = self._bridge.viewer.dims
        more = dims.ndim - layer.ndim
        shown = layer.world_to_data(dims.point[-layer.ndim :])
        middle = [(low + high - 1) // 2 for low, high in edit.box]
        world = layer.data_to_world(middle)
        for axis, (low, high) in enumerate(edit.box):
            is_hidden = axis + more not in dims.displayed
            if is_hidden and not low <= round(float(shown[axis])) < high:
                dims.set_point(axis + more, float(world[axis]))

    def _show_document(self) -> None:
        """Let the layers be those of the document."""
        document = self.recording.document
        layers = self._bridge.viewer.layers
        with self._applying():
            for key in [k for k in self._layers if k not in document.maps]:
                layer = self._layers[key]
                self._forget(key)
                layers.remove(layer)
            for key, voxels in list(document.maps.items()):
                about = document.about[key]
                if key not in self._layers:
                    added = self._new_layer(about, voxels)
                    if added is None:
                        continue
                    self._attach(key, added)
                layer = self._layers[key]
                if layer.data is not voxels:
                    may_edit = layer.editable
                    layer.data = voxels  # napari lets every new array be edited
                    layer.editable = may_edit
                dress(layer, about)
                layer.refresh()
                layer.events.paint(value=[])

    def _new_layer(self, about: Any, voxels: Any) -> Labels | None:
        data = layer_data_of(about, voxels, self._bridge.session)
        if data is None:
            show_warning(
                f"'{about['name']}' belongs to a clip that is not open: it is kept in the session."
            )
            return None
        layer: Labels = self._bridge.add_layer_data([data])[0]
        return layer

    @contextmanager
    def _applying(self) -> Iterator[None]:
        before, self._is_applying = self._is_applying, True
        try:
            yield
        finally:
            self._is_applying = before

    def _unrecorded(self) -> Labels | None:
        """Return the selected label layer if it is none of the case's: it has napari's own history."""
        layer = self._bridge.viewer.layers.selection.active
        return layer if isinstance(layer, Labels) and not self.key_of(layer) else None

    def _is_quiet(self) -> bool:
        """Tell whether no stroke is being made."""
        layers = self._layers.values()
        return not any(layer._block_history or layer._staged_history for layer in layers)

    def _tend_if_quiet(self) -> None:
        if self._is_quiet():
            self.recording.tend()
