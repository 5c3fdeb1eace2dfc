"""Where a finding lies: the map of sectors, or a list of places, and what was found by itself."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_medassist._qt.findings_panel.picture import SectorPicture
from napari_medassist.annotation.findings.finding import Location
from napari_medassist.annotation.findings.sectors import in_words
from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.findings.locating import toggled, with_place
from napari_medassist.app.findings.table import Row


class PlaceBox(QWidget):
    """Shows and changes the location of the chosen finding.

    Signals
    -------
    chosen
        Emits the :class:`Location` that a reader has chosen.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.picture = SectorPicture()
        self.list = QComboBox()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.automatic = QPushButton("Automatic")
        self.automatic.setToolTip("Take the location from the zones again")
        self._location = Location()
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.automatic)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.picture)
        layout.addWidget(self.list)
        layout.addLayout(line)
        self.picture.clicked.connect(self._on_sector)
        self.list.activated.connect(lambda _place: self._on_place(self.list.currentText()))
        self.automatic.clicked.connect(lambda _checked: self.chosen.emit(Location()))
        self.show_row(None)

    def show_template(self, template: Template) -> None:
        """Show the map, the list, or neither."""
        self.picture.setVisible(template.has_sector_map)
        self.list.setVisible(bool(template.places))
        self.list.clear()
        self.list.addItems(["", *template.places])
        self.setVisible(template.has_sector_map or bool(template.places))

    def show_row(self, row: Row | None) -> None:
        """Show where a finding lies; None for none."""
        self._location = Location() if row is None else row.location
        self.setEnabled(row is not None)
        self.picture.show_sectors(self._location.sectors, by_reader=self._location.by_reader)
        self.list.setCurrentIndex(max(self.list.findText(", ".join(self._location.sectors)), 0))
        self.automatic.setVisible(self._location.by_reader)
        self.words.setText("" if row is None else self._told(row))
        placed = None if row is None or row.measured is None else row.measured.placed
        self.words.setToolTip("" if placed is None else "\n".join(placed.notes))

    def _told(self, row: Row) -> str:
        where = in_words(self._location.sectors)
        if self._location.by_reader:
            return f"{where or 'nowhere'}, chosen by the reader"
        placed = None if row.measured is None else row.measured.placed
        if placed is None:
            return where or "Click where it lies (no zone map is open)"
        if not placed.sectors:
            return " ".join(placed.notes)
        shares = ", ".join(f"{in_words((key,))} {share:.0%}" for key, share in placed.sectors)
        return f"{shares}; by the zones, certainty {placed.certainty}"

    def _on_sector(self, key: str) -> None:
        self.chosen.emit(toggled(self._location, key))

    def _on_place(self, place: str) -> None:
        self.chosen.emit(with_place(place))
