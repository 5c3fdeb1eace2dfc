"""How much of the lungs is opaque, of the CT that is open: by lung and by zone or lobe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Work
from napari_medassist.app.burden_tables import write_table
from napari_medassist.app.lung_burden import ScanBurden, measured, outlined
from napari_medassist.core.case import Case
from napari_medassist.core.errors import Cancelled, MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.core.volume import Modality, Volume
from napari_medassist.metrics.lung_burden import PartBurden

_HEADINGS = ("part", "%", "ml", "of ml", "HU", "dense %", "severity")
_TIPS = (
    "",
    "Opacity of the part",
    "Volume of its opacities",
    "Volume of the part",
    "Mean density of the part",
    "Share of the opacity that has hardly any air left (-200 HU and more)",
    "0 none, 1 up to a quarter, 2 up to a half, 3 up to three quarters, 4 more",
)
_WARNING = "color: #e0a030;"


class BurdenPanel(QWidget):
    """Measures the opacities of the open CT.

    Signals
    -------
    fits_changed
        Emits whether the open case has a CT.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    fits_changed = Signal(bool)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._measured: ScanBurden | None = None
        self.runner = Runner(self, threads=1)
        self.opacities, self.lungs, self.lobes = QComboBox(), QComboBox(), QComboBox()
        self.measure, self.stop = QPushButton("Measure"), QPushButton("Cancel")
        self.save = QPushButton("Save table...")
        self.table = QTableWidget(0, len(_HEADINGS))
        self.bar, self.message, self.warnings = QProgressBar(), QLabel(), QLabel()
        self._lay_out()
        self._connect()
        self._show_choices()

    # ---------------------------------------------------------------- acts

    @property
    def ct(self) -> Volume | None:
        """The CT that is measured: the selected one, else the first of the case."""
        selected, case = self._bridge.selected_volume(), self._bridge.session.case
        if selected is not None and _is_ct(selected):
            return selected
        volumes = () if case is None else case.volumes()
        return next((volume for volume in volumes if _is_ct(volume)), None)

    def begin(self) -> None:
        """Measure, in a thread."""
        ct = self.ct
        if ct is None or self.runner.is_busy:
            return
        opacities, lungs, lobes = (self._map(c) for c in (self.opacities, self.lungs, self.lobes))

        def run(progress: Progress) -> ScanBurden:
            return measured(outlined(ct, opacities, lungs=lungs, lobes=lobes, progress=progress))

        self._tell("The lungs are measured ...")
        work = Work[ScanBurden]("The lungs are measured", run, self._take, self._fail, lambda: True)
        self.runner.start(work)

    def save_to(self, path: Path) -> None:
        """Write what was measured as CSV."""
        if self._measured is None:
            return
        try:
            self._tell(f"Saved: {write_table((self._measured,), path)}", self._measured.warnings)
        except MedAssistError as error:
            self._tell(str(error))

    def _ask_and_save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save the table", "opacities.csv", "Tables (*.csv)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def _map(self, choice: QComboBox) -> LabelMap | None:
        layer = choice.currentData()
        return None if layer is None else self._bridge.labels_of(layer)

    def _take(self, measured: ScanBurden) -> None:
        self._measured = measured
        self.table.setRowCount(len(measured.parts))
        for row, part in enumerate(measured.parts):
            for column, text in enumerate(_cells(part)):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.save.setEnabled(True)
        self._tell(f"Corona score {measured.corona_cm3:.1f} cm3 ({measured.name}).", measured.warnings)

    def _fail(self, error: BaseException) -> None:
        self._tell("Stopped." if isinstance(error, Cancelled) else "Nothing was measured.")

    # ---------------------------------------------------------------- what is shown

    def _show_choices(self, _event: object = None) -> None:
        """Offer the label maps that lie on the grid of the CT; keep what was chosen."""
        ct = self.ct
        layers = [] if ct is None else [x for x in self._bridge.label_layers() if self._is_on(x, ct)]
        for choice, by_default, words in (
            (self.opacities, "found by opacity-ct", ("opacit", "ground", "consolid")),
            (self.lungs, "found by lungs-ct", ("lung",)),
            (self.lobes, "six zones, thirds by height", ("lobe",)),
        ):
            before = choice.currentData()
            choice.clear()
            choice.addItem(by_default, None)
            for layer in layers:
                choice.addItem(layer.name, layer)
            names = [layer.name.lower() for layer in layers]
            likely = next((k for k, n in enumerate(names) if any(w in n for w in words)), -1)
            kept = layers.index(before) if before in layers else likely
            choice.setCurrentIndex(kept + 1)
        self.measure.setEnabled(ct is not None and not self.runner.is_busy)
        self.fits_changed.emit(ct is not None)

    def _is_on(self, layer: Labels, ct: Volume) -> bool:
        return self._bridge.labels_of(layer).geometry.is_same_grid(ct.geometry)

    def _forget(self, _case: Case | None) -> None:
        """Drop what was measured on another case."""
        self._measured = None
        self.table.setRowCount(0)
        self.save.setEnabled(False)
        self._tell("")
        self._show_choices()

    def _tell(self, message: str, warnings: tuple[str, ...] = ()) -> None:
        self.message.setText(message)
        self.warnings.setText("\n".join(f"\N{WARNING SIGN} {warning}" for warning in warnings))
        self.warnings.setVisible(bool(warnings))

    def _show_progress(self, done: int, total: int, message: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(message)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - a slot of Qt
        self.bar.setVisible(busy)
        self.stop.setVisible(busy)
        self.measure.setEnabled(not busy and self.ct is not None)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.table.setHorizontalHeaderLabels(list(_HEADINGS))
        for column, tip in enumerate(_TIPS):
            heading: Any = self.table.horizontalHeaderItem(column)
            heading.setToolTip(tip)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for label in (self.message, self.warnings):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.warnings.setStyleSheet(_WARNING)
        for widget in (self.bar, self.stop, self.warnings):
            widget.hide()
        self.save.setEnabled(False)
        form = QFormLayout()
        form.addRow("Opacities", self.opacities)
        form.addRow("Lungs", self.lungs)
        form.addRow("Parts", self.lobes)
        buttons = QHBoxLayout()
        buttons.addWidget(self.measure, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.save)
        rows = QVBoxLayout(self)
        rows.addLayout(form)
        rows.addLayout(buttons)
        rows.addWidget(self.bar)
        rows.addWidget(self.message)
        rows.addWidget(self.warnings)
        rows.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.measure.clicked.connect(lambda: self.begin())
        self.stop.clicked.connect(lambda: self.runner.cancel())
        self.save.clicked.connect(lambda: self._ask_and_save())
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)
        self._bridge.session.case_changed.connect(self._forget)
        self._bridge.layers_changed.connect(self._show_choices)


def _is_ct(volume: Volume) -> bool:
    """Tell whether an image is a CT: by what its file says, else by the role that its name gave it."""
    if volume.array.ndim != 3:
        return False
    return volume.modality is Modality.CT or (volume.modality is Modality.OTHER and volume.role == "ct")


def _cells(part: PartBurden) -> tuple[str, ...]:
    def told(value: float, digits: int = 1) -> str:
        return "" if value != value else f"{value:.{digits}f}"

    severity = "" if part.severity is None else str(part.severity)
    return (
        part.name,
        told(part.share_percent),
        told(part.opacity_ml),
        told(part.lung_ml, 0),
        told(part.mean_hu, 0),
        told(part.dense_percent),
        severity,
    )
