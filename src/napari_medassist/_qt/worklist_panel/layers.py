"""A case of the worklist in the viewer, and the label maps that are the reader's."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.painted import PaintedLabels, without_collecting
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.app.findings.carrying import with_maps
from napari_medassist.app.layer_data import NOT_OWN_KEY, link_of
from napari_medassist.app.reading.opened_reading import OpenedReading
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap


class ReadingLayers:
    """Shows a case and returns what the reader has made of it.

    The reader's are the label maps that were made in the window, those of an earlier session, and those
    that came with the case and were painted on.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._painted = PaintedLabels(bridge)
        self._own: tuple[LabelMap, ...] = ()
        self._kept: object = None
        self.is_replacing = False

    def show(self, opened: OpenedReading, reader: str) -> None:
        """Show a case in place of the one before, for a reader."""
        case = opened.case
        if case is None:
            return
        self.is_replacing, self._recording.reader = True, reader
        try:
            with without_collecting():
                layers = self._replace(case, opened.own_maps)
        finally:
            self.is_replacing, self._recording.reader = False, ""
        self._own = opened.own_maps
        if opened.own is not None:
            keys = {name: key for key, name in self._names().items()}
            self._recording.know_findings(with_maps(opened.own.findings, keys))
        self._painted.follow(layers)
        self._kept = self._state()
        for layer in self._bridge.label_layers():
            layer.visible = True
        self._select(layers)

    def _replace(self, case: Case, own: tuple[LabelMap, ...]) -> list[Layer]:
        """Show a case, then the reader's maps over it.

        The maps of the case before go first: what is left are its images, in whose layers those of the
        next one fit if it was acquired alike. Making layers anew takes napari seconds.
        """
        with self._bridge.viewer.layers.batched_update():
            for layer in self._mine():
                self._bridge.viewer.layers.remove(layer)
        layers = self._bridge.replace_case(case)
        with self._bridge.recorder.given():
            return [*layers, *(self._bridge.add_labels(labels) for labels in own)]

    def maps(self) -> tuple[LabelMap, ...]:
        """Return copies of the reader's label maps, each on its source grid.

        Raises
        ------
        InvalidImage
            If a layer was moved or reshaped, so that its place in the patient is not known.
        """
        shown = [self._bridge.labels_of(layer) for layer in reversed(self._mine())]
        return tuple(labels.with_changes(array=np.array(labels.array)) for labels in shown)

    def findings(self) -> dict[str, dict[str, Any]]:
        """Return the findings of the case by id, each with the name of its label map."""
        return with_maps(self._recording.document.findings, self._names())

    def mark_kept(self) -> None:
        """Remember that what is there now has been saved."""
        self._kept = self._state()
        self._recording.note_kept()

    def is_kept(self) -> bool:
        """Tell whether nothing was drawn, added, removed or filled in since it was saved."""
        return self._kept == self._state()

    def _state(self) -> object:
        layers = [id(layer) for layer in self._mine()]
        return self._painted.n_strokes, layers, dict(self._recording.document.findings)

    @property
    def _recording(self) -> Recording:
        return self._bridge.recorder.recording

    def _names(self) -> dict[str, str]:
        """Return the name of each label map by its key."""
        key_of = self._bridge.recorder.key_of
        return {key_of(layer): layer.name for layer in self._bridge.label_layers()}

    def _mine(self) -> list[Labels]:
        painted = {id(layer) for layer in self._painted.layers()}
        return [
            layer
            for layer in self._bridge.label_layers()
            if NOT_OWN_KEY not in layer.metadata and (id(layer) in painted or self._is_own(layer))
        ]

    def _is_own(self, layer: Labels) -> bool:
        link = link_of(layer.metadata)
        return link is not None and any(link.image is labels for labels in self._own)

    def _select(self, layers: list[Layer]) -> None:
        """Select the reader's first label map, else an image: no brush on a map that nobody chose."""
        own = [n for n in layers if isinstance(n, Labels) and self._is_own(n)]
        images = [n for n in layers if isinstance(n, Image) and n.visible]
        self._bridge.viewer.layers.selection.clear()
        if own or images:
            self._bridge.viewer.layers.selection.active = (own or images)[0]
