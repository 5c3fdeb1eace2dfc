"""The dialog that asks for the places of a cohort, and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.place_row import PlaceRow
from napari_medassist.app.browser.source_form import sources_of_form
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.core.errors import MedAssistError
from napari_medassist.evaluation.inputs.masks import Kind

_KINDS: Mapping[Kind, str] = {
    "labels": "label maps",
    "probability": "probability maps",
    "detection": "detection maps (one confidence a lesion)",
}
_MIN_WIDTH = 560
_N_MODELS = 4


class OpenCohortDialog(QDialog):
    """Reference, predictions of up to four models, images, zones; or a table of cases.

    Parameters
    ----------
    recent
        Cohorts that were open, the last one first, as ``CohortSources.to_plain`` writes them; the last
        one of files, not of results, is filled in.
    parent
        The window that it belongs to.
    """

    def __init__(self, recent: Sequence[Mapping[str, Any]] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open cohort")
        self.setMinimumWidth(_MIN_WIDTH)
        self.sources: CohortSources | None = None
        self._recent = [plain for plain in recent if _is_of_files(plain)]
        self.recent = QComboBox()
        self.recent.setToolTip("A cohort that was open before; what is chosen is filled in")
        for plain in self._recent:
            self.recent.addItem(CohortSources.from_plain(plain).title)
        self.reference = PlaceRow("A folder of label maps, or a pattern like refs/*_ref.nii.gz")
        self.names = [QLineEdit() for _ in range(_N_MODELS)]
        self.predictions = [
            PlaceRow("A folder or pattern; files are paired with the reference by name")
            for _ in range(_N_MODELS)
        ]
        self.images = PlaceRow("A folder with the images of the cases, found by their names; optional")
        self.zones = PlaceRow("A folder with label maps of zones, called like the cases; optional")
        self.manifest = PlaceRow(
            "A table of the cases (CSV) instead of folders: columns case, reference, and a column of "
            "predictions for each model",
            filters="Tables (*.csv)",
        )
        self.kind = QComboBox()
        for kind in get_args(Kind):
            self.kind.addItem(_KINDS[kind], kind)
        self.label = QLineEdit()
        self.label.setToolTip("Values that are foreground, e.g. 1 2; every non-zero one by default")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Open | buttons.Cancel)
        self.buttons.accepted.connect(self.try_to_open)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._fill(self._recent[0] if self._recent else {})
        self.recent.activated.connect(lambda place: self._fill(self._recent[place]))

    def try_to_open(self) -> None:
        """Close the dialog if the places make a cohort; else say what is wrong, and stay."""
        try:
            sources = self._read()
        except MedAssistError as error:
            self.problem.setText(str(error))
            return
        self.sources = sources
        self.accept()

    def _read(self) -> CohortSources:
        predictions = [
            (name.text().strip(), place.text)
            for name, place in zip(self.names, self.predictions, strict=True)
        ]
        return sources_of_form(
            reference=self.reference.text,
            predictions=predictions,
            images=self.images.text,
            zones=self.zones.text,
            manifest=self.manifest.text,
            kind=cast(Kind, self.kind.currentData()),
            label=self.label.text(),
        )

    def _fill(self, last: Mapping[str, Any]) -> None:
        for row, name in (
            (self.reference, "reference"),
            (self.images, "images"),
            (self.zones, "zones"),
            (self.manifest, "manifest"),
        ):
            row.line.setText(str(last.get(name) or ""))
        predictions = last.get("predictions")
        known = [*predictions.items()] if isinstance(predictions, Mapping) else []
        known += [("", "")] * _N_MODELS
        for line, row, (name, place) in zip(self.names, self.predictions, known, strict=False):
            line.setText(str(name))
            row.line.setText(str(place))
        self.kind.setCurrentIndex(max(0, self.kind.findData(last.get("kind"))))
        label = last.get("label")
        self.label.setText(" ".join(map(str, label)) if isinstance(label, list) else "")

    def _lay_out(self) -> None:
        form = QFormLayout()
        if self._recent:
            form.addRow("Open before", self.recent)
        form.addRow("Reference", self.reference)
        for number, (name, place) in enumerate(zip(self.names, self.predictions, strict=True), 1):
            name.setPlaceholderText(f"model {number}")
            name.setToolTip("What the model is called; the folder's name by default")
            name.setFixedWidth(130)
            row = QHBoxLayout()
            row.addWidget(name)
            row.addWidget(place, 1)
            form.addRow("Prediction" if number == 1 else f"Prediction {number}", row)
        form.addRow("Predictions are", self.kind)
        form.addRow("Foreground values", self.label)
        form.addRow("Images", self.images)
        form.addRow("Zones", self.zones)
        form.addRow("or table of cases", self.manifest)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)


def _is_of_files(plain: Mapping[str, Any]) -> bool:
    """Tell whether a recent cohort is one that this dialog can show."""
    try:
        return CohortSources.from_plain(plain).results is None
    except MedAssistError:
        return False
