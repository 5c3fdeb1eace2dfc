"""The legend of the verdicts: what each colour means, how many there are; a click hides a class."""

from __future__ import annotations

from collections import Counter

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QCheckBox, QGridLayout, QSizePolicy, QToolButton, QWidget

from napari_medassist._qt.evaluation_panel.signs import sign_of
from napari_medassist._qt.verdicts import VerdictLayers
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.evaluation.verdict_map import (
    FALSE_POSITIVE,
    IGNORED,
    MERGED,
    MISSED,
    SPLIT,
    TRUE_POSITIVE,
)

#: Class -> its word, and what it means.
_CLASSES = {
    MISSED: ("Missed", "Reference lesions that the prediction did not find."),
    FALSE_POSITIVE: ("False", "Predicted lesions where the reference has none."),
    TRUE_POSITIVE: ("Found/true", "Reference lesions that were found, and predictions that are true."),
    SPLIT: ("Split", "Found reference lesions that several predictions share."),
    MERGED: ("Merged", "True predictions that several reference lesions share."),
    IGNORED: ("Ignored", "Lesions that the convention leaves out on purpose."),
}
_N_COLUMNS = 3
_SIGN_PX = 14


class Legend(QWidget):
    """One button a class, and one for outlines.

    Parameters
    ----------
    verdicts
        The layers that are explained.
    """

    def __init__(self, verdicts: VerdictLayers) -> None:
        super().__init__()
        self._verdicts = verdicts
        self.buttons: dict[int, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for position, (kind, (word, tip)) in enumerate(_CLASSES.items()):
            button = _button(word, f"{tip} Click to hide or show them in the image.")
            button.setIcon(sign_of(kind))
            button.setChecked(True)
            button.toggled.connect(lambda on, kind=kind: verdicts.show_class(kind, shown=on))
            grid.addWidget(button, position // _N_COLUMNS, position % _N_COLUMNS)
            self.buttons[kind] = button
        self.outlines = QCheckBox("Outlines")
        self.outlines.setToolTip(
            "Outline the lesions (reference thick, prediction thin) instead of filling them. Key: O"
        )
        self.outlines.toggled.connect(lambda on: verdicts.set_outlines(outlines=on))
        grid.addWidget(self.outlines, 2, 0, 1, _N_COLUMNS)
        verdicts.look_changed.connect(self._show_look)
        self._show_look()

    def show_counts(self, compared: ComparedLabels | None) -> None:
        """Say how many lesions of each class there are."""
        classes = () if compared is None else compared.classes.values()
        numbers = Counter(int(kind) for of_side in classes for kind in of_side)
        for kind, button in self.buttons.items():
            word = _CLASSES[kind][0]
            button.setText(word if compared is None else f"{word} {numbers[kind]}")

    def _show_look(self) -> None:
        self.outlines.setChecked(self._verdicts.has_outlines)
        for kind, button in self.buttons.items():
            is_shown = kind not in self._verdicts.hidden_classes
            button.setChecked(is_shown)
            font = button.font()
            font.setStrikeOut(not is_shown)  # seen in every theme
            button.setFont(font)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setIconSize(QSize(_SIGN_PX, _SIGN_PX))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button
