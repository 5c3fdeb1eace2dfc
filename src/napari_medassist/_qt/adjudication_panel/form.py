"""The widgets of the tab "Adjudicate", and what is shown in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.adjudication_panel.table import KIND, LesionPairTable, pair_view
from napari_medassist.annotation.adjudication import Choice
from napari_medassist.annotation.consensus import METHODS, Method
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.agreement import AgreementNumber
from napari_medassist.core.errors import InvalidSetting

_CHOICES = {
    Choice.FIRST: ("1  {first}", "Take the outline of {first}. Key: 1"),
    Choice.SECOND: ("2  {second}", "Take the outline of {second}. Key: 2"),
    Choice.UNION: ("3  Union", "What either outlined, with {first}'s labels. Key: 3"),
    Choice.INTERSECTION: ("4  Intersection", "What both outlined, with {first}'s labels. Key: 4"),
    Choice.REJECT: ("5  Reject", "There is no lesion. Key: 5"),
    Choice.BY_HAND: ("6  By hand", "Keep what is drawn (or start with the union) and paint. Key: 6"),
}


class AdjudicationForm:
    """Makes the widgets of a panel; knows nothing of what they do.

    Parameters
    ----------
    panel
        The panel that they are laid out in.
    """

    def __init__(self, panel: QWidget) -> None:
        self.first, self.second = QComboBox(), QComboBox()
        self.compare = _button("Compare", "Show both readings and what differs")
        self.look = _button(
            "Look without own reading...", "Others' readings open when your own of the case is done"
        )
        self.numbers, self.progress, self.message, self.saved = (_text() for _ in range(4))
        self.difference = QCheckBox("Difference")
        self.difference.setToolTip("A layer with what only one reader outlined, and what both did")
        self.method = QComboBox()
        self.method.addItems(METHODS)
        self.consensus = _button("Consensus", "Add that of all who have done the case as a label map")
        self.table = LesionPairTable()
        self.view = pair_view(self.table)
        self.choices = {choice: _button("", "") for choice in _CHOICES}
        self.note = QLineEdit()
        self.note.setPlaceholderText("Why (kept with the next decision)")
        self.goes_on = QCheckBox("Go on to the next open lesion")
        self.goes_on.setChecked(True)
        self.agreed = _button("Take agreed", "The first reader's outline of all agreed lesions")
        self.undo = _button("Undo", "Take the last decision back")
        self.redo = _button("Redo", "Decide it again")
        self.previous = _button("Previous", "The lesion before. Key: Shift-N")
        self.following = _button("Next", "The next lesion. Key: N")
        self.show_reader_names(("A", "B"))
        self._lay_out(panel)

    # ---------------------------------------------------------------- what is chosen

    def chosen_readers(self) -> tuple[str, str]:
        """Return the two readers; raises ``InvalidSetting`` if they are not two."""
        first, second = self.first.currentText(), self.second.currentText()
        if not first or not second or first == second:
            raise InvalidSetting(
                "It takes the finished readings of two readers.", cure="Choose two different ones."
            )
        return first, second

    def chosen_method(self) -> Method:
        """Return how the consensus is made."""
        return cast(Method, self.method.currentText())

    # ---------------------------------------------------------------- what is shown

    def tell(self, message: str) -> None:
        """Show a message in the panel's own line."""
        self.message.setText(message)

    def show_readers(self, readers: Sequence[str], *, is_blinded: bool) -> None:
        """Offer readers; what was chosen stays chosen."""
        for place, combo in enumerate((self.first, self.second)):
            before = combo.currentText()
            if [combo.itemText(i) for i in range(combo.count())] != list(readers):
                combo.clear()
                combo.addItems(list(readers))
                combo.setCurrentText(
                    before if before in readers else "".join(readers[place : place + 1])
                )
        self.compare.setEnabled(len(readers) > 1)
        self.look.setVisible(is_blinded)

    def show_numbers(self, numbers: Sequence[AgreementNumber]) -> None:
        """Show how far the readers agree."""
        self.numbers.setText("   ".join(f"{n.title}: {n.text}" for n in numbers))

    def show_reader_names(self, readers: tuple[str, str]) -> None:
        """Write the names of the readers on the buttons."""
        names = {"first": readers[0], "second": readers[1]}
        for choice, button in self.choices.items():
            title, tip = _CHOICES[choice]
            button.setText(title.format(**names))
            button.setToolTip(tip.format(**names))

    def show_state(self, adjudication: Adjudication | None, number: int) -> None:
        """Show how far it is, and what can be done with the lesion that is selected."""
        is_on = adjudication is not None
        widgets: tuple[Any, ...] = (
            *self.choices.values(), self.difference, self.consensus, self.agreed, self.note,
            self.previous, self.following,
        )  # fmt: skip
        for widget in widgets:
            widget.setEnabled(is_on)
        self.undo.setEnabled(adjudication is not None and adjudication.can_undo)
        self.redo.setEnabled(adjudication is not None and adjudication.can_redo)
        if adjudication is None:
            self.progress.setText("")
            self.numbers.setText(
                "Open a case of the worklist that two readers have done, choose both and compare."
            )
            return
        n_lesions = len(adjudication.pairs)
        n_decided = n_lesions - len(adjudication.undecided)
        self.progress.setText(f"{n_decided} of {n_lesions} lesions decided")
        has_lesion = 1 <= number <= n_lesions
        for button in self.choices.values():
            button.setEnabled(has_lesion)
        if has_lesion:
            lesion = adjudication.pair(number).lesion
            self.choices[Choice.FIRST].setEnabled(bool(lesion.first_ids))
            self.choices[Choice.SECOND].setEnabled(bool(lesion.second_ids))

    def fit_columns(self) -> None:
        """Give each column the width of what stands in it."""
        for column in range(self.table.columnCount()):
            if column != KIND:
                self.view.resizeColumnToContents(column)

    # ---------------------------------------------------------------- making

    def _lay_out(self, panel: QWidget) -> None:
        readers = QHBoxLayout()
        for widget, stretch in ((self.first, 1), (self.second, 1), (self.compare, 0)):
            readers.addWidget(widget, stretch)
        extras = QHBoxLayout()
        for widget in (self.difference, self.method, self.consensus):
            extras.addWidget(widget)
        state = QHBoxLayout()
        state.addWidget(self.progress, 1)
        state.addWidget(self.saved)
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(readers)
        layout.addWidget(self.look)
        layout.addWidget(self.numbers)
        layout.addLayout(extras)
        layout.addWidget(self.view, 1)
        layout.addLayout(state)
        layout.addLayout(self._choice_buttons())
        layout.addWidget(self.note)
        layout.addWidget(self.goes_on)
        layout.addLayout(self._step_buttons())
        layout.addWidget(self.message)

    def _choice_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        for place, button in enumerate(self.choices.values()):
            grid.addWidget(button, place // 3, place % 3)
        return grid

    def _step_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        buttons = (self.previous, self.following, self.agreed, self.undo, self.redo)
        for place, button in enumerate(buttons):
            grid.addWidget(button, place // 3, place % 3)
        return grid


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setMinimumWidth(20)
    return button


def _text() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
