"""The lesions of two readers as Qt wants to see them."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_medassist.annotation.adjudication import Choice
from napari_medassist.app.patient_position import in_words
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.lesion_pairs import LesionPair, PairKind

_Role = Qt.ItemDataRole
NUMBER, KIND, DECISION, DICE, FIRST_ML, SECOND_ML = range(6)
_TIPS = (
    "Number of the lesion",
    "How the two readers see it: lesions that share voxels are one",
    "What was decided; * if strokes have changed it since",
    "Dice of the two outlines",
    "Volume of the first reader's outline",
    "Volume of the second reader's outline",
)
_DECIDED_COLOUR, _OPEN_COLOUR = "#2e9e5b", "#d08a00"


class LesionPairTable(QAbstractTableModel):
    """A table model that looks into an adjudication."""

    def __init__(self) -> None:
        super().__init__()
        self._adjudication: Adjudication | None = None
        self._voxels: np.ndarray = np.zeros((0, 0, 0), np.uint8)

    def show_pairs(self, adjudication: Adjudication | None, voxels: np.ndarray | None = None) -> None:
        """Show the lesions of an adjudication, and the map that is made, (z, y, x)."""
        self.beginResetModel()
        self._adjudication = adjudication
        if voxels is not None:
            self._voxels = voxels
        self.endResetModel()

    def show_voxels(self, voxels: np.ndarray) -> None:
        """Look at another array of the map that is made."""
        self._voxels = voxels

    def show_decisions(self) -> None:
        """Show what was decided meanwhile."""
        if self.rowCount():
            last = self.index(self.rowCount() - 1, SECOND_ML)
            self.dataChanged.emit(self.index(0, 0), last)

    # Qt's interface ------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of lesions."""
        if self._adjudication is None or (parent is not None and parent.isValid()):
            return 0
        return len(self._adjudication.pairs)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(_TIPS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return the title of a column, or what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.ToolTipRole:
            return _TIPS[section]
        if role != _Role.DisplayRole:
            return None
        first, second = ("A", "B") if self._adjudication is None else self._adjudication.readers
        return ("#", "Lesion", "Decision", "Dice", f"{first} ml", f"{second} ml")[section]

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        if self._adjudication is None:
            return None
        pair, column = self._adjudication.pairs[index.row()], index.column()
        if role == _Role.DisplayRole:
            return self._text(self._adjudication, pair, column)
        if role == _Role.ToolTipRole:
            return self._tip(self._adjudication, pair)
        if role == _Role.ForegroundRole and column == DECISION:
            is_decided = pair.lesion.number in self._adjudication.decisions
            return QColor(_DECIDED_COLOUR if is_decided else _OPEN_COLOUR)
        if role == _Role.TextAlignmentRole and column not in (KIND, DECISION):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, adjudication: Adjudication, pair: LesionPair, column: int) -> str:
        number = pair.lesion.number
        if column == DECISION:
            changed = "" if adjudication.is_as_decided(number, self._voxels) else " *"
            return decision_in_words(adjudication, number) + changed
        return (
            str(number),
            kind_in_words(pair.kind, adjudication.readers),
            "",
            f"{pair.dice:.2f}" if pair.first_ml and pair.second_ml else "",
            f"{pair.first_ml:.2f}" if pair.first_ml else "",
            f"{pair.second_ml:.2f}" if pair.second_ml else "",
        )[column]

    def _tip(self, adjudication: Adjudication, pair: LesionPair) -> str:
        first, second = adjudication.readers
        n_first, n_second = len(pair.lesion.first_ids), len(pair.lesion.second_ids)
        hit = "a hit" if pair.is_hit else "no hit"
        told = [
            f"{first}: {n_first} lesion(s), {second}: {n_second}",
            f"{hit} under the convention '{adjudication.convention.name}'",
            in_words(list(pair.centre_lps_mm), decimals=0),
        ]
        decision = adjudication.decisions.get(pair.lesion.number)
        if decision is not None:
            when = decision.when[:16].replace("T", " ")
            told.append(f"{decision.choice}, by {decision.by}, {when} UTC {decision.note}".strip())
        return "\n".join(told)


def kind_in_words(kind: PairKind, readers: tuple[str, str]) -> str:
    """Return how two readers see a lesion, with their names."""
    first, second = readers
    return {
        PairKind.ONLY_FIRST: f"only {first}",
        PairKind.ONLY_SECOND: f"only {second}",
        PairKind.SPLIT: f"split by {second}",
        PairKind.MERGED: f"merged by {second}",
    }.get(kind, str(kind))


def decision_in_words(adjudication: Adjudication, number: int) -> str:
    """Return what was decided on a lesion, with the name of the reader who was followed."""
    decision = adjudication.decisions.get(number)
    if decision is None:
        return "open"
    first, second = adjudication.readers
    return {Choice.FIRST: first, Choice.SECOND: second}.get(decision.choice, str(decision.choice))


class LesionPairView(QTableView):
    """A view whose digits decide, instead of going to a row that begins with them."""

    def keyboardSearch(self, _search: str | None) -> None:  # noqa: N802 - Qt's name
        """Search for nothing."""


def pair_view(model: LesionPairTable) -> QTableView:
    """Return the view of the lesions."""
    view = LesionPairView()
    view.setModel(model)
    view.setObjectName("medassist_lesion_pairs")
    view.setAccessibleName("Lesions of two readers")
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setTabKeyNavigation(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
    header = view.horizontalHeader()
    header.setMinimumSectionSize(20)
    header.setSectionResizeMode(KIND, QHeaderView.ResizeMode.Stretch)
    return view
