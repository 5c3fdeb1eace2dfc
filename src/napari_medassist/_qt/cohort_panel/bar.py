"""The two rows above the table: what is open and running, and which cases are shown."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.marks import MARK_TITLES

#: Reason, title, what it leaves.
CHIPS = (
    ("missed", "missed", "Cases with a missed lesion (M)"),
    ("false", "false", "Cases with a false lesion (F)"),
    ("hidden", "hidden", "Cases with a lesion error although Dice looks good (H)"),
    ("false_alarm", "alarm", "Cases whose Dice looks poor although every lesion is right"),
    ("disagree", "disagree", "Cases in which the two compared models differ in lesions"),
    ("not_compared", "not compared", "Cases whose files could not be compared; the row says why"),
    ("marked", "marked", "Cases that a reader has marked"),
)
_ERROR_KINDS = (
    ("any", "any error"),
    ("missed", "missed lesion"),
    ("false", "false lesion"),
    ("hidden", "hidden error"),
)
_TYPING_MS = 150
_PROGRESS_WIDTH = 190
_ARROW_WIDTH = 34
_TEXT_WIDTH = 110


class CohortBar(QWidget):
    """Buttons, boxes and chips; it asks, the panel acts.

    Signals
    -------
    open_asked, results_asked, cancel_asked, export_asked, report_asked
        A button was pressed.
    recent_asked
        Emits the place of a recent cohort in the list.
    model_chosen, other_chosen
        Emits the name of a model.
    filter_changed
        Emitted when text or chips changed; see :meth:`filtered`.
    cleared
        Emitted when all conditions shall go.
    step_asked
        Emits 1 for the next error, -1 for the one before.
    mark_asked
        Emits the kind of a mark, or None to take it away.
    """

    open_asked = Signal()
    results_asked = Signal()
    recent_asked = Signal(int)
    cancel_asked = Signal()
    export_asked = Signal()
    report_asked = Signal()
    model_chosen = Signal(str)
    other_chosen = Signal(str)
    filter_changed = Signal()
    cleared = Signal()
    step_asked = Signal(int)
    mark_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.open = _button("Open cohort...", "Compare folders of label maps, or probability maps")
        self.results = _button("Open results...", "Open what 'evaluate' or 'compare' has written")
        self.recent = _button("Recent", "Cohorts that were open before")
        self.recent_menu = QMenu(self.recent)
        self.recent.setMenu(self.recent_menu)
        self.model = _box("The model that is shown")
        self.other = _box("A model that it is compared with: differences become columns")
        self.told = QLabel()
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress = QProgressBar()
        self.progress.setMaximumWidth(_PROGRESS_WIDTH)
        self.cancel = _button("Cancel", "Stop; what was compared so far stays")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter: case, group, mark ( / )")
        self.text.setToolTip("Shows cases whose name, group, mark or message holds this text ( / )")
        self.text.setClearButtonEnabled(True)
        self.text.setMinimumWidth(_TEXT_WIDTH)
        self.chips = {name: _chip(title, tip) for name, title, tip in CHIPS}
        self.count = QLabel()
        self.clear = _button("Clear", "Show all cases again (Esc)")
        self.previous = _arrow(
            "\N{BLACK LEFT-POINTING TRIANGLE}", "Previous error of the cases shown (Shift+N)"
        )
        self.kind = _box("Which errors to step through")
        self.next = _arrow("\N{BLACK RIGHT-POINTING TRIANGLE}", "Next error of the cases shown (N)")
        self.mark = _button("Mark", "Say what the selected cases are; with a note")
        self.mark.setMenu(self._mark_menu())
        self.export = _button("Export...", "Write the selected cases, or all shown ones, as CSV")
        self.report = _button("Report...", "Write one HTML file with numbers, plots and pictures")
        for value, title in _ERROR_KINDS:
            self.kind.addItem(title, value)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._lay_out()
        self._connect()
        self.show_progress(None)
        self.show_models((), "", "")

    # ---------------------------------------------------------------- what is shown

    def show_models(self, models: Sequence[str], model: str, other: str) -> None:
        """Offer the models that are open."""
        _fill(self.model, [(name, name) for name in models], model)
        others = [(f"vs {name}", name) for name in models if name != model]
        _fill(self.other, [("vs no other", ""), *others], other)
        for box in (self.model, self.other):
            box.setVisible(len(models) > 1)
        self.chips["disagree"].setVisible(bool(other))
        for widget in (self.mark, self.export, self.report, self.next, self.previous, self.kind):
            widget.setEnabled(bool(models))

    def show_recent(self, titles: Sequence[str]) -> None:
        """Offer cohorts that were open before."""
        self.recent_menu.clear()
        for place, title in enumerate(titles):
            action = self.recent_menu.addAction(title)
            action.triggered.connect(lambda _on=False, place=place: self.recent_asked.emit(place))
        self.recent.setEnabled(bool(titles))

    def show_counts(self, shown: int, total: int, waiting: int) -> None:
        """Say how many cases are shown."""
        waits = f", {waiting} waiting" if waiting else ""
        self.count.setText(f"<b>{shown}</b> of {total}{waits}")

    def show_filter(self, chosen: CaseFilter) -> None:
        """Show the conditions as they are."""
        for name, chip in self.chips.items():
            chip.setChecked(name in chosen.only)
        if self.text.text().strip() != chosen.text and not self._typing.isActive():
            self.text.setText(chosen.text)
        self.clear.setEnabled(not chosen.is_empty)
        self.count.setToolTip(chosen.in_words() or "All cases are shown")

    def filtered(self, chosen: CaseFilter) -> CaseFilter:
        """Return a filter with the text and the chips of now; ranges and lassos stay."""
        only = frozenset(name for name, chip in self.chips.items() if chip.isChecked())
        return chosen.with_changes(text=self.text.text().strip(), only=only)

    def show_progress(self, report: tuple[int, int, str] | None) -> None:
        """Show how far work has come; None if nothing runs."""
        for widget in (self.progress, self.cancel):
            widget.setVisible(report is not None)
        if report is not None:
            done, total, message = report
            self.progress.setMaximum(total)
            self.progress.setValue(done)
            self.progress.setFormat(f"{done} of {total}" if total else "")
            self.progress.setToolTip(message)

    def tell(self, text: str, tip: str = "") -> None:
        """Say something in one line; what does not fit stands in the tooltip."""
        self.told.setText(text)
        self.told.setToolTip(tip or text)

    # ---------------------------------------------------------------- making

    def _mark_menu(self) -> QMenu:
        menu = QMenu(self.mark)
        for kind, title in MARK_TITLES.items():
            action = menu.addAction(f"{title[0].upper()}{title[1:]}...")
            action.triggered.connect(lambda _on=False, kind=kind: self.mark_asked.emit(kind))
        menu.addSeparator()
        menu.addAction("Take mark away").triggered.connect(lambda _on=False: self.mark_asked.emit(None))
        return menu

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.open, self.results, self.recent, self.model, self.other):
            first.addWidget(widget)
        first.addWidget(self.told, 1)
        for widget in (self.progress, self.cancel, self.mark, self.export, self.report):
            first.addWidget(widget)
        second.addWidget(self.text, 1)
        for chip in self.chips.values():
            second.addWidget(chip)
        for widget in (self.count, self.clear, self.previous, self.kind, self.next):
            second.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 0)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addLayout(second)

    def _connect(self) -> None:
        buttons = (
            (self.open, self.open_asked),
            (self.results, self.results_asked),
            (self.cancel, self.cancel_asked),
            (self.export, self.export_asked),
            (self.report, self.report_asked),
            (self.clear, self.cleared),
        )
        for button, signal in buttons:
            button.clicked.connect(lambda _on=False, signal=signal: signal.emit())
        self.previous.clicked.connect(lambda: self.step_asked.emit(-1))
        self.next.clicked.connect(lambda: self.step_asked.emit(1))
        self.model.activated.connect(lambda _place: self.model_chosen.emit(self.model.currentData()))
        self.other.activated.connect(lambda _place: self.other_chosen.emit(self.other.currentData()))
        for chip in self.chips.values():
            chip.clicked.connect(lambda _on=False: self.filter_changed.emit())
        self.text.textEdited.connect(lambda _text: self._typing.start())
        self.text.textChanged.connect(lambda text: None if text else self._typing.start())
        self._typing.timeout.connect(self.filter_changed)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the table
    return button


def _arrow(text: str, tip: str) -> QPushButton:
    button = _button(text, tip)
    button.setMaximumWidth(_ARROW_WIDTH)
    return button


def _chip(text: str, tip: str) -> QPushButton:
    chip = _button(text, tip)
    chip.setCheckable(True)
    # A tick, since napari's colours tell a pressed button hardly apart.
    chip.toggled.connect(lambda on: chip.setText(f"\N{CHECK MARK} {text}" if on else text))
    return chip


def _box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return box


def _fill(box: QComboBox, entries: Sequence[tuple[str, str]], chosen: str) -> None:
    before = [box.itemData(place) for place in range(box.count())]
    if before != [value for _, value in entries]:
        box.clear()
        for title, value in entries:
            box.addItem(title, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
