"""The settings of the convention in use: every move is judged at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.evaluation_panel.slider import ShareSlider
from napari_medassist.app.convention_choice import changed, changes, preset_of
from napari_medassist.app.session import Session
from napari_medassist.app.two_levels import ASSIGNMENT_TEXTS, CRITERION_TEXTS
from napari_medassist.evaluation.conventions import Convention, presets
from napari_medassist.evaluation.rules import CONNECTIVITIES

_NEIGHBOURS = {6: "6 (faces)", 18: "18 (and edges)", 26: "26 (and corners)"}
#: Criteria that have a threshold, and those that have one for each side.
_WITH_THRESHOLD, _WITH_TWO = ("overlap", "iou", "dice"), ("overlap",)
_MOST_MM3 = 100_000.0
_TIPS = {
    "preset": "A published set of choices; its settings can be changed one by one from there.",
    "reference": "Overlap s: the least share of a reference lesion that must be covered to be "
    "found; for IoU and Dice, what the pair must reach.",
    "prediction": "The least share of a predicted lesion that must lie in the reference to be true.",
    "link": "Move the thresholds of reference and prediction together.",
    "cut_off": "Probabilities from here on count as predicted; moving it replaces a preset's own "
    "extraction by this fixed cut-off.",
    "connectivity": "Which neighbouring voxels hold a lesion together: by faces, edges or corners.",
    "min_volume": "Smaller lesions of either side are not counted; 0 counts all.",
    "criterion": "What is asked of a lesion, or of a pair of lesions, to be a hit.",
    "assignment": "Whether and how lesions of the two sides are assigned to each other.",
    "reset": "Back to the preset's own settings.",
    "follow": "Judge again after each brush stroke on the compared label maps.",
}


class SettingsBox(QWidget):
    """Shows the session's convention and changes it.

    Parameters
    ----------
    session
        Holds the convention.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.header = QToolButton()
        self.header.setCheckable(True)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.preset = QComboBox()
        for convention in presets().values():
            self.preset.addItem(convention.name)
            tip = f"{convention.description} ({convention.citation})"
            self.preset.setItemData(self.preset.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.changes = QLabel()
        self.reset = QPushButton("&Reset")
        self.reference = ShareSlider("Overlap of reference lesions", 0.01, 1.0)
        self.prediction = ShareSlider("Overlap of predicted lesions", 0.01, 1.0)
        self.link = QCheckBox("Sa&me for predictions")
        self.link.setChecked(True)
        self.cut_off = ShareSlider("Probability cut-off", 0.0, 1.0)
        self.connectivity = _choice({n: _NEIGHBOURS[n] for n in CONNECTIVITIES})
        self.min_volume = QDoubleSpinBox()
        self.min_volume.setRange(0, _MOST_MM3)
        self.min_volume.setSuffix(" mm³")
        self.min_volume.setKeyboardTracking(False)
        self.criterion = _choice(CRITERION_TEXTS)
        self.assignment = _choice(ASSIGNMENT_TEXTS)
        self.follow = QCheckBox("&Follow brush strokes")
        self.follow.setChecked(True)
        self.body = QWidget()
        self._lay_out()
        self._connect()
        self.show_convention(session.convention)
        self._open(is_open=False)

    def show_convention(self, convention: Convention) -> None:
        """Show the settings of a convention without changing anything."""
        base, differences = preset_of(convention), changes(convention)
        rule, extraction = convention.matching, convention.extraction
        _show(self.preset, base.name)
        self.reference.set_value(rule.threshold_reference)
        self.prediction.set_value(rule.threshold_prediction)
        self.cut_off.set_value(extraction.threshold)
        _show(self.connectivity, extraction.connectivity)
        _show(self.criterion, rule.criterion)
        _show(self.assignment, rule.assignment)
        self.min_volume.blockSignals(True)  # noqa: FBT003 - Qt's own interface
        self.min_volume.setValue(extraction.min_volume_mm3)
        self.min_volume.blockSignals(False)  # noqa: FBT003
        if rule.threshold_reference != rule.threshold_prediction and rule.criterion in _WITH_TWO:
            self.link.setChecked(False)
        self._show_what_counts(convention)
        self.reset.setEnabled(bool(differences))
        self.changes.setText(f"changed from {base.name}" if differences else "as published")
        self.changes.setToolTip("\n".join(differences) or base.description)
        self.header.setText(f"Settings: {base.name}{', changed' * bool(differences)}")
        self.header.setToolTip("\n".join((base.description, *differences)))

    def set_folding(self, *, folding: bool) -> None:
        """Let the settings be folded below their header, or show them all without it."""
        self.header.setVisible(folding)
        self._open(is_open=not folding or self.header.isChecked())

    def show_kind(self, *, has_cut_off: bool) -> None:
        """Show the cut-off where there is a probability map to cut."""
        self._form.setRowVisible(self.cut_off, has_cut_off)

    # ---------------------------------------------------------------- what a user does

    def _change(self, **settings: Mapping[str, Any]) -> None:
        self._session.set_convention(changed(self._session.convention, **settings))

    def _move_reference(self, value: float) -> None:
        both = self.link.isChecked() or self._session.convention.matching.criterion not in _WITH_TWO
        thresholds = {"threshold_reference": value}
        self._change(matching=thresholds | ({"threshold_prediction": value} if both else {}))

    def _move_cut_off(self, value: float) -> None:
        method = self._session.convention.extraction.from_probability
        kept = method if method in ("threshold", "static") else "threshold"
        self._change(extraction={"threshold": value, "from_probability": kept})

    def _link(self, linked: bool) -> None:  # noqa: FBT001 - a Qt slot
        if linked:
            self._move_reference(self.reference.value)
        self._show_what_counts(self._session.convention)

    def _choose_preset(self, position: int) -> None:
        self._session.set_convention(presets()[self.preset.itemText(position)])

    def _reset(self) -> None:
        self._session.set_convention(preset_of(self._session.convention))

    # ---------------------------------------------------------------- making

    def _show_what_counts(self, convention: Convention) -> None:
        """Hide the settings that the criterion does not ask for."""
        criterion = convention.matching.criterion
        has_two = criterion in _WITH_TWO
        self._form.setRowVisible(self.reference, criterion in _WITH_THRESHOLD)
        self._form.setRowVisible(self.link, has_two)
        self._form.setRowVisible(self.prediction, has_two and not self.link.isChecked())

    def _open(self, *, is_open: bool) -> None:
        self.body.setVisible(is_open)
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.header.setArrowType(arrow)

    def _lay_out(self) -> None:
        state = QHBoxLayout()
        state.addWidget(self.changes, 1)
        state.addWidget(self.reset)
        form = self._form = QFormLayout(self.body)
        form.setContentsMargins(4, 0, 0, 4)
        form.setVerticalSpacing(3)
        form.addRow("&Preset", self.preset)
        form.addRow("", state)
        form.addRow("&Overlap s", self.reference)
        form.addRow("", self.link)
        form.addRow("Of pre&dictions", self.prediction)
        form.addRow("C&ut-off", self.cut_off)
        form.addRow("Co&nnectivity", self.connectivity)
        form.addRow("Min. &volume", self.min_volume)
        form.addRow("&Criterion", self.criterion)
        form.addRow("&Assignment", self.assignment)
        form.addRow("", self.follow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.header)
        layout.addWidget(self.body)
        for name, tip in _TIPS.items():
            widget = getattr(self, name)
            widget.setToolTip(tip)
            label = form.labelForField(widget)
            if label is not None:
                label.setToolTip(tip)
        self.show_kind(has_cut_off=False)

    def _connect(self) -> None:
        self.header.toggled.connect(lambda on: self._open(is_open=on))
        self.preset.activated.connect(self._choose_preset)
        self.reset.clicked.connect(lambda: self._reset())
        self.reference.moved.connect(self._move_reference)
        self.prediction.moved.connect(
            lambda value: self._change(matching={"threshold_prediction": value})
        )
        self.link.toggled.connect(self._link)
        self.cut_off.moved.connect(self._move_cut_off)
        self.min_volume.valueChanged.connect(
            lambda value: self._change(extraction={"min_volume_mm3": value})
        )
        chosen = {
            self.connectivity: ("extraction", "connectivity"),
            self.criterion: ("matching", "criterion"),
            self.assignment: ("matching", "assignment"),
        }
        for box, (rule, name) in chosen.items():
            box.activated.connect(
                lambda _at, box=box, rule=rule, name=name: self._change(
                    **{rule: {name: box.currentData()}}
                )
            )
        self._session.convention_changed.connect(self.show_convention)


def _choice(texts: Mapping[Any, str]) -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(10)
    for value, text in texts.items():
        box.addItem(text, value)
    return box


def _show(box: QComboBox, value: Any) -> None:
    """Choose the entry with these data, or this text where there are none."""
    position = box.findData(value)
    box.setCurrentIndex(position if position >= 0 else box.findText(str(value)))
