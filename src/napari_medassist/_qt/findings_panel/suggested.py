"""The bar of a model's suggestions: what is still to be decided, and three buttons."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.findings_panel.decision import Decision
from napari_medassist._qt.findings_panel.label_layers import LabelLayers
from napari_medassist._qt.findings_panel.view import FindingView
from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.suggestion import Standing
from napari_medassist.annotation.map_about import scheme_of
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.suggestions import Accepted, accept, reject, suggest
from napari_medassist.app.layer_data import label_colours
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.prediction import Prediction


class SuggestionBar(QWidget):
    """Takes a reader from suggestion to suggestion; hidden while there is none to decide.

    Signals
    -------
    told
        Emits what was done, or why not, in words.
    edit_asked
        A suggestion was accepted to be corrected: its label is ready to be painted on.

    Parameters
    ----------
    bridge
        The link to the viewer.
    store, layers, table
        The lesion table.
    """

    told = Signal(str)
    edit_asked = Signal()

    def __init__(
        self, bridge: Bridge, store: FindingStore, layers: LabelLayers, table: FindingView
    ) -> None:
        super().__init__()
        self._bridge, self._store, self._layers, self._table = bridge, store, layers, table
        self.count = QLabel()
        self.count.setToolTip("Suggestions of a model that you have not decided on")
        self.buttons = {decision: QPushButton(f"{decision} ({decision[0]})") for decision in Decision}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.count, 1)
        for decision, button in self.buttons.items():
            button.setToolTip(decision.tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the table
            button.clicked.connect(lambda _checked, d=decision: self._decide_current(d))
            row.addWidget(button)
        table.decided.connect(self.decide)
        self.refresh()

    def take(self, made: Prediction, template: str) -> bool:
        """Put a model's candidates into the table, and go to the surest; tell whether there are any."""
        try:
            done = suggest(self._store, made.labels, made.confidences or (), template)
        except MedAssistError as error:
            self.told.emit(str(error))
            return False
        n = done.n_decided
        known = (f"{n} candidate{'' if n == 1 else 's'} you have decided on already.",) if n else ()
        # The panel of models, which shows them too, is no longer in front.
        self.told.emit("\n".join((*made.warnings, *known)))
        if done.ids:
            self._table.go_to(done.ids[0])
            self._table.setFocus()
        return bool(done.ids)

    def decide(self, finding: str, decision: Decision) -> None:
        """Do what was decided of a suggestion, and go to the next one; tell if that cannot be."""
        try:
            self._decide(finding, decision)
        except MedAssistError as error:
            self.told.emit(str(error))

    def decide_current(self, accepts: bool) -> str:  # noqa: FBT001 - an act that is asked for by name
        """Accept or reject the suggestion of the current row, and go to the next; say what was done.

        Raises
        ------
        InvalidSetting
            If there is none, or it cannot be accepted.
        """
        finding = self._open_row()
        if not finding:
            raise InvalidSetting(
                "There is no candidate to decide here.", cure="Say 'next candidate' first."
            )
        return self._decide(finding, Decision.ACCEPT if accepts else Decision.REJECT)

    def step(self, n: int) -> str:
        """Go to the next (or previous) suggestion that is open, and say which.

        Raises
        ------
        InvalidSetting
            If none is open.
        """
        open_ = [f for f in self._store.findings() if _is_open(f)]
        if not open_:
            raise InvalidSetting("There is no candidate to decide.")
        here = self._store.get(self._table.current()).number if self._table.current() else 0
        if n > 0:
            found = next((f for f in open_ if f.number > here), open_[0])
        else:
            found = next((f for f in reversed(open_) if f.number < here), open_[-1])
        self._table.go_to(found.id)
        return f"Candidate {found.number}, {len(open_)} to decide"

    def _decide(self, finding: str, decision: Decision) -> str:
        number = self._store.get(finding).number
        if decision is Decision.REJECT:
            reject(self._store, finding)
            told, accepted = f"Lesion {number} is rejected. Ctrl-Z takes it back.", None
        else:
            accepted = accept(self._store, finding, self._worked_on())
            told = _in_words(number, accepted)
        self.told.emit(told)
        if decision is Decision.EDIT and accepted is not None:
            self._make_ready(accepted)
            self.edit_asked.emit()
        else:
            self._table.go_to_open()
        return told

    def refresh(self) -> None:
        """Show what is still to be decided, here and on the image."""
        open_ = [f.suggestion for f in self._store.findings() if _is_open(f) and f.suggestion]
        self.setVisible(bool(open_))
        self.count.setText(f"{len(open_)} to decide")
        for layer in self._layers.suggested_layers():
            key = self._layers.key_of(layer)
            about = self._store.document.about.get(key)
            if about is not None:
                values = {made.label for made in open_ if made.map_key == key}
                _show_only(layer, scheme_of(about), values)

    def _decide_current(self, decision: Decision) -> None:
        finding = self._open_row()
        if finding:
            self.decide(finding, decision)
        elif not self._table.go_to_open():
            self.told.emit("There is no suggestion to decide.")

    def _open_row(self) -> str:
        """Return the id of the current row if it is a suggestion that is open; else nothing."""
        finding = self._table.current()
        return finding if finding and _is_open(self._store.get(finding)) else ""

    def _worked_on(self) -> str:
        """Return the key of the label map that is selected; empty if none is."""
        active = self._bridge.viewer.layers.selection.active
        return self._layers.key_of(active) if isinstance(active, Labels) else ""

    def _make_ready(self, accepted: Accepted) -> None:
        layer = self._layers.layer_of(accepted.map_key)
        if layer is not None:
            self._bridge.viewer.layers.selection.active = layer
            layer.visible = True
            layer.selected_label = accepted.label
            layer.mode = "paint"


def _is_open(finding: Finding) -> bool:
    return finding.suggestion is not None and finding.suggestion.standing is Standing.OPEN


def _in_words(number: int, accepted: Accepted) -> str:
    told = f"Lesion {number} is yours: {accepted.n_voxels} voxels."
    if accepted.n_left:
        told += f" {accepted.n_left} suggested ones were labelled already and stay as they are."
    return told


def _show_only(layer: Labels, scheme: LabelScheme, values: set[int]) -> None:
    """Hide what was decided: accepted lesions are drawn in the reader's own map."""
    wanted: dict[int | None, Any] = dict(label_colours(scheme))
    for label in scheme.labels:
        red, green, blue, _ = wanted[label.value]
        # Only the opacity: the colour itself belongs to what is recorded of the map.
        wanted[label.value] = (red, green, blue, 1.0 if label.value in values else 0.0)
    shown = layer.colormap.color_dict
    if any(k not in shown or not np.allclose(shown[k], v) for k, v in wanted.items()):
        layer.colormap = wanted
