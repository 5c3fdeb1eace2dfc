"""The table of lesions: a row each, of both sides, with its verdict."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_medassist.app.patient_position import in_words
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import JudgedLesion
from napari_medassist.evaluation.verdict_map import VALUE_OF, VERDICT_SCHEME

_HEADERS = ("Verdict", "Lesion", "Volume, ml", "Covered", "Where (scanner)")
_TIPS = (
    "Found or missed: reference lesions. True or false: predicted lesions.",
    "Which mask the lesion belongs to, and its number there",
    "Volume in millilitres",
    "Share of the lesion's voxels that the whole other mask covers; at least 10 % counts as a hit",
    "Centroid, in mm from the scanner's centre: L need not be left of the midline. Click to go there.",
)


class LesionTable(QAbstractTableModel):
    """Lesions for a table view: errors first, then by volume."""

    def __init__(self) -> None:
        super().__init__()
        self._lesions: tuple[JudgedLesion, ...] = ()

    def set_lesions(self, lesions: tuple[JudgedLesion, ...]) -> None:
        """Show these lesions."""
        self.beginResetModel()
        self._lesions = tuple(
            sorted(
                lesions,
                key=lambda n: (not n.verdict.is_error, n.side is not Side.REFERENCE, -n.volume_ml),
            )
        )
        self.endResetModel()

    def lesion_at(self, row: int) -> JudgedLesion:
        """Return the lesion of a row."""
        return self._lesions[row]

    # Qt's interface ------------------------------------------------------------------------------

    def rowCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of lesions."""
        return len(self._lesions)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(_HEADERS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column, or what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        return _HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        lesion = self._lesions[index.row()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return QColor(*VERDICT_SCHEME.get(VALUE_OF[lesion.verdict]).colour)
        if role == Qt.ItemDataRole.DisplayRole:
            return _texts(lesion)[index.column()]
        return None


def _texts(lesion: JudgedLesion) -> tuple[str, ...]:
    where = "" if lesion.centroid_lps_mm is None else in_words(lesion.centroid_lps_mm, decimals=0)
    return (
        lesion.verdict.value,
        f"{lesion.side.value} {lesion.id}",
        f"{lesion.volume_ml:.2f}",
        f"{lesion.overlap_fraction:.0%}",
        where,
    )
