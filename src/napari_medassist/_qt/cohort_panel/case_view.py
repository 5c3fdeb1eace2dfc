"""The view of the cases: sorted by a click on a header, columns chosen, rows found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from napari_medassist._qt.cohort_panel.case_model import CaseModel
from napari_medassist.app.browser.case_table import CaseTable, Rows
from napari_medassist.app.browser.columns import CaseColumn

#: What is shown until a user chooses other columns.
DEFAULT_COLUMNS = (
    "case",
    "status",
    "disagreement",
    "dice",
    "lesion_f1",
    "fn",
    "fp",
    "n_reference_lesions",
    "n_predicted_lesions",
    "hd95_mm",
    "volume_reference_ml",
    "volume_prediction_ml",
    "mark",
)
_SAMPLED_ROWS = 40
_PADDING_PX = 18
_ICON_PX = 22
_WIDEST_PX = 260
_ALWAYS = frozenset({"case"})
#: No column is narrower than this text.
_LETTERS = "missed"


class CaseView(QTableView):
    """Rows are cases; sorting and filtering are asked for, not done here.

    Signals
    -------
    sort_asked
        Emits the name of a column and whether its largest value shall come first.
    open_asked
        Emits the case of a row that was double-clicked or on which Enter was pressed.
    selection_made
        Emits the names of the selected cases, when a user selected them.
    columns_asked
        Emits the names of the columns that a user wants to see.
    """

    sort_asked = Signal(str, bool)
    open_asked = Signal(str)
    selection_made = Signal(object)
    columns_asked = Signal(object)

    def __init__(self, model: CaseModel) -> None:
        super().__init__()
        self._model = model
        self._all_columns: tuple[CaseColumn, ...] = ()
        self._widths: dict[str, int] = {}
        self._sorted_by = ("", True)
        self._is_moving = False
        self._fitted_for: object = None
        self.setModel(model)
        self.setObjectName("medassist_cases")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self._set_headers()
        self.doubleClicked.connect(lambda index: self.open_asked.emit(model.case_at(index.row())))

    def _set_headers(self) -> None:
        vertical = self.verticalHeader()
        vertical.hide()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        header.setSortIndicatorShown(True)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._ask_columns)
        header.sectionClicked.connect(self._on_header_clicked)
        header.sectionResized.connect(self._on_resized)
        self._fit_rows()

    # ---------------------------------------------------------------- what is shown

    def show_table(
        self,
        table: CaseTable,
        rows: Rows,
        columns: tuple[CaseColumn, ...],
        sorted_by: tuple[str, bool],
    ) -> None:
        """Show rows of a table, sorted by a column; the selected cases stay selected."""
        self._all_columns = table.columns
        self._sorted_by = sorted_by
        selected, current = self.selected_cases(), self.current_case()
        self._is_moving = True
        if self._model.show(table, rows, columns):
            # Measuring texts takes a while: not each time that a few more cases have arrived.
            fitted_for = columns, bool(len(rows)), bool(table.n_waiting)
            if fitted_for != self._fitted_for:
                self._fitted_for = fitted_for
                self._fit_columns()
            self.select(selected, current=current)
        self._is_moving = False
        names = [column.name for column in columns]
        place = names.index(sorted_by[0]) if sorted_by[0] in names else -1
        down = Qt.SortOrder.DescendingOrder if sorted_by[1] else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(place, down)

    def current_case(self) -> str:
        """Return the case that the keyboard is on; empty if there is none."""
        index = self.currentIndex()
        return self._model.case_at(index.row()) if index.isValid() else ""

    def selected_cases(self) -> frozenset[str]:
        """Return the names of the selected cases."""
        ranges = self.selectionModel().selection()
        rows = {row for part in ranges for row in range(part.top(), part.bottom() + 1)}
        return frozenset(map(self._model.case_at, rows))

    def select(self, cases: frozenset[str], current: str = "") -> None:
        """Select cases, and show the first of them, or the current one."""
        was_moving, self._is_moving = self._is_moving, True
        places = self._model.rows_of(cases)
        last = self._model.columnCount() - 1
        selection = QItemSelection()
        for first, end in _runs(places):
            selection.select(self._model.index(first, 0), self._model.index(end, last))
        choice = self.selectionModel()
        choice.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        shown = self._model.rows_of(frozenset({current})) or places[:1]
        if shown:
            index = self._model.index(shown[0], 0)
            choice.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(index)
        self._is_moving = was_moving

    def widths(self) -> dict[str, int]:
        """Return the widths that a user gave to columns, in pixels, by name."""
        return dict(self._widths)

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Give columns their widths of last time."""
        self._widths = dict(widths)
        self._fit_columns()

    # ---------------------------------------------------------------- what a user does

    def selectionChanged(self, selected: Any, deselected: Any) -> None:  # noqa: N802 - Qt's name
        """Tell which cases are selected, if a user did it."""
        super().selectionChanged(selected, deselected)
        if not self._is_moving:
            self.selection_made.emit(self.selected_cases())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Open the case on Enter; letters are shortcuts of the panel, not a search in the column."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_asked.emit(self.current_case())
        elif event.text().isprintable() and event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the size of letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_rows()
            self._fit_columns()

    def _on_header_clicked(self, section: int) -> None:
        column = self._model.columns[section]
        name, descending = self._sorted_by
        first_down = column.is_numeric or column.kind == "flag"
        self.sort_asked.emit(column.name, not descending if name == column.name else first_down)

    def _on_resized(self, section: int, _old: int, new: int) -> None:
        if not self._is_moving and section < len(self._model.columns):
            self._widths[self._model.columns[section].name] = new

    def _ask_columns(self, point: QPoint) -> None:
        self.columns_menu().exec(self.horizontalHeader().mapToGlobal(point))

    def columns_menu(self) -> QMenu:
        """Return a menu in which columns are shown and hidden."""
        menu = QMenu("Columns", self)
        menu.setToolTipsVisible(True)
        shown = [column.name for column in self._model.columns]
        for column in self._all_columns:
            action = menu.addAction(column.header)
            action.setCheckable(True)
            action.setChecked(column.name in shown)
            action.setEnabled(column.name not in _ALWAYS)
            action.setToolTip(column.tip)
            action.toggled.connect(lambda on, name=column.name: self._toggle(name, on))
        return menu

    def _toggle(self, name: str, on: bool) -> None:  # noqa: FBT001 - Qt's own style
        shown = {column.name for column in self._model.columns}
        wanted = shown | {name} if on else shown - {name}
        names = tuple(column.name for column in self._all_columns if column.name in wanted)
        self.columns_asked.emit(names)

    # ---------------------------------------------------------------- sizes

    def _fit_rows(self) -> None:
        letters = self.fontMetrics().height()
        self.verticalHeader().setDefaultSectionSize(round(letters * 1.5))
        self.horizontalHeader().setFixedHeight(round(letters * 2.6))  # titles take two lines

    def _fit_columns(self) -> None:
        was_moving, self._is_moving = self._is_moving, True
        for section, column in enumerate(self._model.columns):
            self.setColumnWidth(section, self._widths.get(column.name) or self._fitting(section))
        self._is_moving = was_moving

    def _fitting(self, section: int) -> int:
        """Return a width for the header and the first rows; measuring all would take too long."""
        model = self._model
        metrics = self.fontMetrics()
        rows = range(min(model.rowCount(), _SAMPLED_ROWS))
        indices = [model.index(row, section) for row in rows]
        texts = [str(index.data()) for index in indices]
        has_icon = any(_has_icon(index) for index in indices)
        title = str(model.headerData(section, Qt.Orientation.Horizontal)).split()
        widest = max(metrics.horizontalAdvance(text) for text in (*title, _LETTERS, *texts))
        return min(widest + _PADDING_PX + has_icon * _ICON_PX, _WIDEST_PX)


def _has_icon(index: QModelIndex) -> bool:
    return index.data(Qt.ItemDataRole.DecorationRole) is not None


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Return sorted row numbers as first and last of each unbroken run."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs
