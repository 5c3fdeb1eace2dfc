"""The table of lesions: a row each, of both sides, with its verdict; selecting a row goes there."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_medassist._qt.evaluation_panel.signs import sign_of
from napari_medassist.app.lesion_rows import (
    LESION_COLUMNS,
    LesionRow,
    row_of_same_lesion,
    rows_of,
    sorted_rows,
)
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.app.patient_position import in_words
from napari_medassist.core.results import JudgedLesion

_Role = Qt.ItemDataRole
#: Rows that are looked at to find the width of a column.
_SAMPLED_ROWS = 40


class LesionTable(QAbstractTableModel):
    """Lesions for a table view: errors first, until a column is chosen to sort by."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[LesionRow, ...] = ()
        self._sorted_by: tuple[int | None, bool] = (None, False)

    def set_comparison(self, compared: ComparedLabels | None) -> None:
        """Show the lesions of a comparison."""
        column, descending = self._sorted_by
        self._show(sorted_rows(rows_of(compared), column, descending=descending))

    def lesion_at(self, row: int) -> JudgedLesion:
        """Return the lesion of a row."""
        return self._rows[row].lesion

    def row_at(self, row: int) -> LesionRow:
        """Return all that is known of a row."""
        return self._rows[row]

    def find(self, lost: LesionRow) -> int | None:
        """Return the row of a lesion that was shown before; None if it is gone."""
        return row_of_same_lesion(self._rows, lost)

    def _show(self, rows: tuple[LesionRow, ...]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    # Qt's interface ------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by errors first if it is -1."""
        descending = order == Qt.SortOrder.DescendingOrder
        self._sorted_by = (column if column >= 0 else None, descending)
        self._show(sorted_rows(self._rows, self._sorted_by[0], descending=descending))

    def rowCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of lesions."""
        return len(self._rows)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(LESION_COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return the title of a column, or what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.ToolTipRole:
            return LESION_COLUMNS[section].tip
        return LESION_COLUMNS[section].title if role == _Role.DisplayRole else None

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = self._rows[index.row()], LESION_COLUMNS[index.column()]
        if role == _Role.DecorationRole and index.column() == 0:
            return sign_of(row.kind)
        if role == _Role.DisplayRole:
            return column.text(row)
        if role == _Role.TextAlignmentRole and column.is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == _Role.ToolTipRole and row.lesion.centroid_lps_mm is not None:
            where = in_words(row.lesion.centroid_lps_mm, decimals=0)
            return f"{row.verdict}, centre at {where} from the scanner's centre"
        return None


class LesionView(QTableView):
    """Shows the lesions; Up, Down and clicks go from lesion to lesion.

    Signals
    -------
    lesion_chosen
        Emits the lesion of the row that a user went to.

    Parameters
    ----------
    model
        The lesions.
    """

    lesion_chosen = Signal(object)

    def __init__(self, model: LesionTable) -> None:
        super().__init__()
        self._lesions = model
        self._kept: LesionRow | None = None
        self._is_restoring = False
        self.setModel(model)
        self.setObjectName("medassist_lesions")
        self.setAccessibleName("Lesions")
        self.setToolTip("A click, Up or Down goes to a lesion; so do the keys J and K in the image.")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setResizeContentsPrecision(_SAMPLED_ROWS)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(24)
        self.setSortingEnabled(True)
        self.clicked.connect(self._go_to)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)

    def step(self, by: int) -> None:
        """Go to the next lesion (1) or the one before (-1), beginning anew at the end."""
        n_rows = self._lesions.rowCount()
        if n_rows:
            current = self.currentIndex().row()
            start = current if current >= 0 else (-1 if by > 0 else 0)
            self.setCurrentIndex(self._lesions.index((start + by) % n_rows, 0))

    def fit_columns(self) -> None:
        """Give each column the width of what stands in it; one without anything is hidden."""
        for column, spec in enumerate(LESION_COLUMNS):
            rows = range(min(self._lesions.rowCount(), _SAMPLED_ROWS))
            is_empty = not any(spec.text(self._lesions.row_at(row)) for row in rows)
            self.setColumnHidden(column, bool(rows) and is_empty)
        self.resizeColumnsToContents()

    def _go_to(self, index: QModelIndex) -> None:
        self.lesion_chosen.emit(self._lesions.lesion_at(index.row()))

    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and not self._is_restoring:
            self._go_to(current)

    def _keep(self) -> None:
        row = self.currentIndex().row()
        if 0 <= row < self._lesions.rowCount():
            self._kept = self._lesions.row_at(row)

    def _restore(self) -> None:
        """Select the lesion that was selected, if it is still there, and stay where the view is."""
        row = None if self._kept is None else self._lesions.find(self._kept)
        if row is None:
            return
        self._is_restoring = True
        self.setCurrentIndex(self._lesions.index(row, 0))
        self._is_restoring = False
