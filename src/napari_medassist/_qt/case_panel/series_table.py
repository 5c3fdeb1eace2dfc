"""The table of a case's series: eye, role, name, grid."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal

from napari_medassist.core.case import Case, Series
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Volume

_HEADERS = ("", "Role", "Series", "Voxels")
EYE, ROLE, NAME, SIZE = range(4)


def role_text(image: Series) -> str:
    """Return an image's role with its b-value, and whether it is calculated."""
    b_value = image.acquisition.b_value_s_mm2
    parts = [image.role]
    if b_value is not None and image.role in ("dwi", "high-b"):
        parts.append(f"b={b_value:g}")
    if image.acquisition.calculated:
        parts.append("calc.")
    return " ".join(parts)


def size_text(image: Series) -> str:
    """Return an image's size in voxels, x by y by z, and its time points or frames."""
    if isinstance(image, VideoClip):
        n_frames, height, width = image.frames.shape[:3]
        return f"{width} x {height}, {n_frames} frames"
    z, y, x = image.geometry.shape_zyx
    times = f", {image.n_timepoints} times" if image.n_timepoints > 1 else ""
    return f"{x} x {y} x {z}{times}"


def tip_text(image: Series) -> str:
    """Return what a reader may want to know more: description, spacing, plane, warnings."""
    lines = [image.acquisition.description or image.name]
    if isinstance(image, Volume):
        dz, dy, dx = image.geometry.spacing_zyx_mm
        lines.append(f"{image.plane}, {dx:.3g} x {dy:.3g} x {dz:.3g} mm")
    if image.acquisition.time_source:
        lines.append(f"Times by {image.acquisition.time_source}")
    return "\n".join((*lines, *image.warnings))


class SeriesTable(QAbstractTableModel):
    """The series of a case for a table view; the eye is a check box.

    Signals
    -------
    eye_clicked
        Emits row and the wanted visibility; the model shows it when :meth:`set_visible` is called.
    """

    eye_clicked = Signal(int, bool)

    def __init__(self) -> None:
        super().__init__()
        self._series: tuple[Series, ...] = ()
        self._visible: list[bool] = []

    def set_case(self, case: Case | None) -> None:
        """Show the series of a case."""
        self.beginResetModel()
        self._series = () if case is None else case.series
        self._visible = [False] * len(self._series)
        self.endResetModel()

    def series_at(self, row: int) -> Series:
        """Return the image of a row."""
        return self._series[row]

    def row_of(self, image: Series) -> int | None:
        """Return the row of an image."""
        return next((row for row, other in enumerate(self._series) if other is image), None)

    def set_visible(self, row: int, visible: bool) -> None:  # noqa: FBT001 - Qt's own style
        """Show an eye as open or closed."""
        self._visible[row] = visible
        index = self.index(row, EYE)
        self.dataChanged.emit(index, index)

    # Qt's interface ------------------------------------------------------------------------------

    def rowCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of series."""
        return len(self._series)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(_HEADERS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column."""
        is_title = role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal
        return _HEADERS[section] if is_title else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let the eye be clicked."""
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsUserCheckable if index.column() == EYE else base

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        image = self._series[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == EYE:
            shown = self._visible[index.row()]
            return Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_text(image)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        mark = " (!)" if image.warnings else ""
        texts = {
            ROLE: role_text(image),
            NAME: (image.acquisition.description or image.name) + mark,
            SIZE: size_text(image),
        }
        return texts.get(index.column())

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Ask for the visibility that a click on the eye wants."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != EYE:
            return False
        self.eye_clicked.emit(index.row(), Qt.CheckState(value) == Qt.CheckState.Checked)
        return True
