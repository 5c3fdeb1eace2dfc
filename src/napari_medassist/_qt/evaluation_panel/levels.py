"""Both levels side by side: each number, and what it was at the start or when it was pinned."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QLabel, QWidget

from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.app.two_levels import (
    LESION_FIGURES,
    VOXEL_FIGURES,
    Figure,
    clash,
    clashing,
    text_of,
    tip_of,
)
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.conventions import Convention

_NAME = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
#: Readable on napari's dark and light grounds; the words beside it say the same.
_ODD = "font-weight: bold; border-bottom: 2px solid #d55e00;"
_NARROW_PX = 6


class LevelsView(QWidget):
    """The numbers of the voxel level on the left, those of the lesion level on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, QLabel] = {}
        self.befores: dict[str, QLabel] = {}
        self._captions: dict[str, QLabel] = {}
        self._odd: frozenset[str] = frozenset()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_NARROW_PX)
        layout.addWidget(self._level("Voxel level", VOXEL_FIGURES), 1)
        layout.addWidget(self._level("Lesion level", LESION_FIGURES), 1)

    def show_numbers(self, compared: ComparedLabels | None, pinned: CaseEvaluation | None) -> None:
        """Show the numbers of a comparison, and those before it where they differ."""
        evaluation = None if compared is None else compared.evaluation
        is_complete = compared is None or compared.is_complete
        good_dice = 1.0 if compared is None else compared.convention.good_dice
        odd = frozenset() if evaluation is None else clashing(evaluation, good_dice)
        for name, value in self.values.items():
            now = text_of(evaluation, name, is_complete=is_complete)
            before = "" if evaluation is None else text_of(pinned, name, is_complete=is_complete)
            value.setText(now)
            has_moved = before not in ("", "-", now) and "\n" not in before
            self.befores[name].setText(f"{before}→" if has_moved else "")
        for name in odd ^ self._odd:
            for label in (self._captions[name], self.values[name]):
                label.setStyleSheet(_ODD if name in odd else "")
        self._odd = odd

    def show_convention(self, convention: Convention) -> None:
        """Let the tips say what each number means under a convention."""
        for name in self.values:
            for label in (self._captions[name], self.values[name]):
                label.setToolTip(tip_of(name, convention))
            self.befores[name].setToolTip("Its value at the start of the comparison, or when pinned.")

    def _level(self, title: str, figures: tuple[Figure, ...]) -> QGroupBox:
        box = QGroupBox(title)
        grid = QGridLayout(box)
        grid.setContentsMargins(_NARROW_PX, _NARROW_PX, _NARROW_PX, _NARROW_PX)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for row, figure in enumerate(figures):
            caption, before, value = QLabel(figure.title), QLabel(), QLabel("-")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for column, label in enumerate((caption, before, value)):
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setIndent(0)
                label.setAlignment(_NAME if column == 0 else _NUMBER)
                grid.addWidget(label, row, column)
            self._captions[figure.name], self.befores[figure.name] = caption, before
            self.values[figure.name] = value
        grid.setRowStretch(len(figures), 1)
        return box


def clash_of(compared: ComparedLabels | None) -> str:
    """Return where the levels of a comparison are at odds, in words."""
    return "" if compared is None else clash(compared.evaluation, compared.convention.good_dice)
