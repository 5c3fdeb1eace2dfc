"""All that a reader says of one finding, made from the template."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QFocusEvent, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_medassist.annotation.findings.template import Field, Template
from napari_medassist.app.findings.table import Row, measures_in_words

#: Fields stand in so many columns.
_COLUMNS = 2
_NARROWEST = 60
_NOTES_ROWS = 2
_ATTENTION = "\N{BLACK UP-POINTING TRIANGLE}"


class FindingForm(QWidget):
    """The fields of the chosen finding.

    Signals
    -------
    typed
        Emits the name of a field and what was typed or chosen; ``name`` and ``notes`` too.
    """

    typed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.warning.setTextFormat(Qt.TextFormat.PlainText)
        self.warning.setObjectName("medassist_finding_warning")
        self.measures = QLabel()
        self.measures.setWordWrap(True)
        self.notes = _Notes()
        self.notes.left.connect(lambda text: self.typed.emit("notes", text))
        self.editors: dict[str, Any] = {}
        self._template: Template | None = None
        self._grid_at = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.measures)
        layout.addWidget(self.warning)
        layout.addWidget(self._grid_at)
        layout.addWidget(self.notes)
        self.show_row(None)

    def show_template(self, template: Template) -> None:
        """Make the fields of a template, unless they are there."""
        if template is self._template:
            return
        self._template = template
        self.editors.clear()
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        for place, field in enumerate(template.fields):
            row, column = divmod(place, _COLUMNS)
            name = QLabel(field.heading)
            name.setToolTip(field.tip)
            editor = self._editor(field)
            editor.setToolTip(field.tip)
            editor.setAccessibleName(field.title)
            name.setBuddy(editor)
            grid.addWidget(name, row, 2 * column)
            grid.addWidget(editor, row, 2 * column + 1)
            grid.setColumnStretch(2 * column + 1, 1)
        self.layout().replaceWidget(self._grid_at, fresh)
        self._grid_at.hide()
        self._grid_at.deleteLater()
        self._grid_at = fresh

    def show_row(self, row: Row | None, mean_title: str = "Mean") -> None:
        """Show a finding; None for none."""
        self.measures.setText("" if row is None else measures_in_words(row, mean_title))
        self.measures.setVisible(bool(self.measures.text()))
        template = self._template
        is_own = row is not None and template is not None and row.finding.template == template.name
        self._grid_at.setEnabled(is_own)
        self.notes.setEnabled(row is not None)
        told = () if row is None else row.notes
        self.warning.setText("\n".join(f"{_ATTENTION} {note}" for note in told))
        self.warning.setVisible(bool(told))
        self.notes.show_text("" if row is None else row.finding.notes)
        for field in () if template is None else template.fields:
            self._fill(field, row if is_own else None)

    def refuse(self, name: str) -> None:
        """Mark what was typed as wrong and stay there."""
        editor = self.editors.get(name)
        if isinstance(editor, QLineEdit):
            editor.selectAll()

    def _fill(self, field: Field, row: Row | None) -> None:
        editor = self.editors[field.name]
        value = None if row is None else row.finding.fields.get(field.name)
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(editor.findData("" if value is None else str(value)), 0))
        elif isinstance(editor, QLineEdit):
            if not editor.hasFocus() or not editor.isModified():
                editor.setText(field.text(value))
        else:
            category = None if row is None else row.category
            known = category is not None and category.value is not None
            editor.setText(str(category.value) if known and category is not None else "\N{EN DASH}")
            editor.setToolTip("" if category is None else category.why)

    def _editor(self, field: Field) -> Any:
        editor: Any
        if field.kind == "choice":
            editor = _Choice()
            editor.addItem("", "")
            for choice in field.choices:
                editor.addItem(choice.in_list, choice.value)
            editor.view().setMinimumWidth(editor.view().sizeHintForColumn(0) + 24)
            editor.activated.connect(
                lambda _place, box=editor, name=field.name: self.typed.emit(name, box.currentData())
            )
        elif field.kind == "computed":
            editor = QLabel()
            editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        else:
            editor = QLineEdit()
            editor.editingFinished.connect(partial(self._on_line, field.name, editor))
        editor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        editor.setMinimumWidth(_NARROWEST)
        self.editors[field.name] = editor
        return editor

    def _on_line(self, name: str, editor: QLineEdit) -> None:
        if editor.isModified():
            editor.setModified(False)
            self.typed.emit(name, editor.text())


class _Choice(QComboBox):
    """A list that the mouse wheel does not change: scrolling the form must not change a score."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the form."""
        event.ignore()


class _Notes(QPlainTextEdit):
    """Free text, handed over when it is left.

    Signals
    -------
    left
        Emits the text, if it has changed.
    """

    left = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self.setPlaceholderText("Notes")
        self.setAccessibleName("Notes")
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * _NOTES_ROWS + 14)

    def show_text(self, text: str) -> None:
        """Show the notes of a finding, unless they are being typed."""
        if text == self._shown and self.hasFocus():
            return
        self._shown = text
        self.setPlainText(text)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Hand the text over."""
        super().focusOutEvent(event)
        text = self.toPlainText()
        if text != self._shown:
            self._shown = text
            self.left.emit(text)
