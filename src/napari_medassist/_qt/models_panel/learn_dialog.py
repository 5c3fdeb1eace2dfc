"""The dialog that asks which cases a model shall learn from, and how long that may take."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.place_row import PlaceRow
from napari_medassist.app.learning.wish import LearningWish
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.reading.worklist_file import ENDING
from napari_medassist.core.errors import MedAssistError
from napari_medassist.models.card import ModelCard
from napari_medassist.models.registry import require_free_name

_MIN_WIDTH = 520
_MOST_STEPS, _MOST_FOLDS = 20_000, 20
#: A step on two cores without a graphics card, measured on prostate-lesions; told as "about".
_SECONDS_A_STEP = 0.7
_UNLABELLED = {
    "off": "not used",
    "segpl": "pseudo-labels, fixed threshold (SegPL)",
    "bayesian": "pseudo-labels, learned threshold (Bayesian)",
}


class LearnDialog(QDialog):
    """Cases, the name of the result, and how it is estimated.

    Parameters
    ----------
    card
        The model that will learn.
    parent
        The window that the dialog belongs to.
    """

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{card.full_name} learns from your cases")
        self.setMinimumWidth(_MIN_WIDTH)
        self.cases = PlaceRow(
            "A worklist that you have read, or a table (CSV) with the columns path and labels",
            filters=f"Worklists and tables (*{ENDING} *.csv)",
        )
        self.reader, self.name = QComboBox(), QLineEdit(f"my-{card.name.removeprefix('my-')}")
        self.reader.setToolTip("Of a worklist: whose readings; cases that are done count as labelled")
        self.name.setToolTip("A trained model of this name gets a new version; the one before stays")
        self.steps, self.folds, self.unlabelled = QSpinBox(), QSpinBox(), QComboBox()
        self.steps.setRange(1, _MOST_STEPS)
        self.steps.setValue(300)
        self.folds.setRange(0, _MOST_FOLDS)
        self.folds.setValue(5)
        self.folds.setSpecialValueText("none")
        self.folds.setToolTip(
            "Parts that are held out in turn, to estimate how good the result is on new cases"
        )
        for key, told in _UNLABELLED.items():
            self.unlabelled.addItem(told, key)
        self.time, self.problem = QLabel(), QLabel()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._lay_out()
        self._connect()
        self._look_at_cases()
        self._show_time()

    def wish(self) -> LearningWish:
        """Return what was asked for."""
        return LearningWish(
            cases=Path(self.cases.text).expanduser(),
            reader=self.reader.currentText(),
            name=self.name.text().strip(),
            steps=self.steps.value(),
            n_folds=self.folds.value(),
            unlabelled=str(self.unlabelled.currentData()),
        )

    def accept(self) -> None:
        """Close, if what was asked for can be begun; else say why not."""
        problem = self._problem()
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if not problem:
            super().accept()

    def _problem(self) -> str:
        wish = self.wish()
        if not self.cases.text:
            return "Choose a worklist or a table of cases."
        if not wish.cases.is_file():
            return f"There is no file {wish.cases}."
        if wish.cases.name.endswith(ENDING) and not wish.reader:
            return "Nobody has set a case of this worklist to done."
        if wish.n_folds == 1:
            return "Hold cases out in at least 2 parts, or in none."
        try:
            require_free_name(wish.name)
        except MedAssistError as error:
            return str(error)
        return ""

    def _look_at_cases(self, _text: str = "") -> None:
        """Offer the readers of a worklist."""
        path = Path(self.cases.text).expanduser()
        self.reader.clear()
        if path.name.endswith(ENDING) and path.is_file():
            try:
                self.reader.addItems(Worklist(path).readers_done())
            except MedAssistError as error:
                self.problem.setText(str(error))
                self.problem.setVisible(True)
        self.reader.setEnabled(self.reader.count() > 0)

    def _show_time(self, _value: int = 0) -> None:
        seconds = self.steps.value() * (self.folds.value() + 1) * _SECONDS_A_STEP
        minutes = max(1, round(seconds / 60))
        self.time.setText(
            f"About {minutes} minute{'' if minutes == 1 else 's'} on a laptop without a graphics card; "
            "you can go on working meanwhile."
        )

    def _lay_out(self) -> None:
        for label in (self.time, self.problem):
            label.setWordWrap(True)
        self.problem.setStyleSheet("color: #e0a030;")
        self.problem.hide()
        form = QFormLayout()
        form.addRow("Cases", self.cases)
        form.addRow("Reader", self.reader)
        form.addRow("Name of the result", self.name)
        form.addRow("Steps", self.steps)
        form.addRow("Parts held out", self.folds)
        form.addRow("Cases without labels", self.unlabelled)
        rows = QVBoxLayout(self)
        rows.addLayout(form)
        rows.addWidget(self.time)
        rows.addWidget(self.problem)
        rows.addWidget(self.buttons)

    def _connect(self) -> None:
        self.cases.line.textChanged.connect(self._look_at_cases)
        self.steps.valueChanged.connect(self._show_time)
        self.folds.valueChanged.connect(self._show_time)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
