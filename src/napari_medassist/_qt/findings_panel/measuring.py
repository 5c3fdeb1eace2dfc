"""Measures findings off the window's thread, and looks for lesions that are not in the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_medassist._qt.findings_panel.label_layers import LabelLayers
from napari_medassist._qt.threads import Runner
from napari_medassist.annotation.findings.parts import Lesion, LesionRule
from napari_medassist.app.browser.work import Requests
from napari_medassist.app.findings.measures import Measured, measure_all, measured_image
from napari_medassist.app.findings.offers import new_lesions
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.session import Session
from napari_medassist.core.progress import Progress

#: A stroke is measured when nothing was painted for so long.
_REST_MS = 300
Result = tuple[Mapping[str, Measured], Mapping[str, tuple[Lesion, ...]]]


class Measuring(QObject):
    """Keeps measures true to the masks.

    Signals
    -------
    offers_changed
        Other lesions than before are not in the table.

    Parameters
    ----------
    store
        The findings.
    layers
        The label maps.
    session
        The open case.
    parent
        Whoever shows the results.
    """

    offers_changed = Signal()

    def __init__(
        self, store: FindingStore, layers: LabelLayers, session: Session, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store, self._layers, self._session = store, layers, session
        self._offers: Mapping[str, tuple[Lesion, ...]] = {}
        self._rule = LesionRule.LABEL
        self._is_closed = False
        self._requests = Requests()
        self._runner = Runner(self, threads=1)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.start)

    @property
    def is_busy(self) -> bool:
        """Whether measures are still to come."""
        return self._rest.isActive() or self._runner.is_busy

    def ask(self, rule: LesionRule | None = None) -> None:
        """Measure everything when the mouse has come to rest."""
        if self._is_closed:
            return
        self._rule = rule or self._rule
        self._requests.overtake()  # what is being measured is out of date already
        self._rest.start()

    def ask_for_new(self) -> None:
        """Measure if a finding has no measures yet; the offers are looked at in any case."""
        missing = any(key not in self._store.measures for key in self._store.document.findings)
        if missing or self._offers:
            self.ask()

    def start(self) -> None:
        """Measure now."""
        self._rest.stop()
        findings, layers = self._store.findings(), self._layers.snapshot()
        image, rule = measured_image(self._session.case), self._rule

        def run(progress: Progress) -> Result:
            maps = layers.maps()
            measures = measure_all(findings, maps, image, maps.get(layers.zones), progress)
            keys = [key for key in layers.lesions if key in maps]
            return measures, {key: new_lesions(findings, key, maps[key], rule) for key in keys}

        self._runner.start(self._requests.start("Measuring lesions", run, self._take, is_quick=True))

    def offered(self, layer: Labels) -> tuple[Lesion, ...]:
        """Return the lesions of a layer that are not in the table, as known so far."""
        return self._offers.get(self._layers.key_of(layer), ())

    def look_for_lesions(self, layer: Labels, rule: LesionRule) -> tuple[Lesion, ...]:
        """Return the lesions of a layer that are not in the table, as it is painted now."""
        key = self._layers.key_of(layer)
        labels = self._layers.snapshot().maps().get(key)
        return () if labels is None else new_lesions(self._store.findings(), key, labels, rule)

    def names_of(self, layer: Labels) -> dict[int, str]:
        """Return the names of a layer's labels; those without a name are left out."""
        labels = self._layers.snapshot().maps().get(self._layers.key_of(layer))
        found: dict[int, str] = {}
        for label in () if labels is None else labels.scheme.labels:
            if label.name != f"label {label.value}":
                found[label.value] = label.name
        return found

    def close(self) -> bool:
        """Stop for good, and wait for what runs; tell whether it ended."""
        self._is_closed = True
        self._rest.stop()
        return self._runner.close()

    def _take(self, result: Any) -> None:
        measures, offers = result
        self._store.take_measures(measures)
        self._offers = offers
        self.offers_changed.emit()
