"""The case panel: open, see what there is, choose what is shown and how, label, save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from napari.layers import Image, Labels
from napari.utils.notifications import show_info
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.case_panel.curve_plot import CurvePlot
from napari_medassist._qt.case_panel.series_table import EYE, NAME, SeriesTable
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.reader_preference import is_settled, prefer_medassist
from napari_medassist._qt.share_dialog.dialog import ShareDialog
from napari_medassist._qt.threads import read_with_dialog, run_with_dialog
from napari_medassist.app.annotating.session_place import choose_sessions_folder, sessions_folder
from napari_medassist.app.clips.mask_layers import write_clip_masks
from napari_medassist.app.exchange import dicom_images
from napari_medassist.app.layer_data import CLIP_MASK_KEY
from napari_medassist.app.sharing import sources_of
from napari_medassist.app.windows import window_presets
from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidImage

_SAVE_FILTER = (
    "NIfTI (*.nii.gz *.nii);;Segmentation for 3D Slicer (*.seg.nrrd);;NRRD (*.nrrd);;MetaImage (*.mha)"
)
_MASK_FILTER = "NRRD (*.nrrd);;NIfTI (*.nii.gz);;MetaImage (*.mha)"

#: Offered where the labels lie on DICOM images, which these files refer to.
_DICOM_FILTER = (
    "DICOM segmentation (*.dcm);;DICOM label map segmentation (*.labelmap.dcm);;"
    "DICOM structure set (*.rtstruct.dcm)"
)


class CasePanel(QWidget):
    """Lists the series of the open case.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)  # the dock stays narrow
        self.series = SeriesTable()
        self.table = _table_view(self.series)
        self.window_choice = QComboBox()
        self.window_choice.setToolTip("Grey-value window of the selected series")
        self.prefer = QPushButton("Always open drops with MedAssist")
        self.prefer.setToolTip(
            "napari asks which plugin to use for each drop. This settles it for medical files and "
            "folders; you find it again in napari's preferences under Plugins."
        )
        self.prefer.setVisible(not is_settled())
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.warnings.setTextFormat(Qt.TextFormat.PlainText)
        self.warnings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.curves = CurvePlot(bridge)
        self._lay_out()
        self._connect()
        self._show_case(bridge.session.case)

    # ---------------------------------------------------------------- acts

    def open_path(self, path: Path) -> None:
        """Read a file or folder and add it to the viewer."""
        layers = read_with_dialog(path, self._bridge.session, self)
        self._bridge.add_layer_data(layers)

    @shows_errors
    def _open_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a study")
        if chosen:
            self.open_path(Path(chosen))

    @shows_errors
    def _open_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open an image or a label map")
        if chosen:
            self.open_path(Path(chosen))

    @shows_errors
    def _new_labels(self) -> None:
        new_labels(self._bridge)

    @shows_errors
    def _save_labels(self) -> None:
        layer = self._labels_to_save()
        is_mask = CLIP_MASK_KEY in layer.metadata
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            f"Save '{layer.name}'",
            "masks.nrrd" if is_mask else "labels.nii.gz",
            _MASK_FILTER if is_mask else self._save_filter(layer),
        )
        if chosen:
            self.save(layer, Path(chosen))

    @shows_errors
    def _choose_sessions_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Keep sessions in", str(sessions_folder()), QFileDialog.Option.ShowDirsOnly
        )
        if chosen:
            folder = choose_sessions_folder(Path(chosen))
            show_info(f"From the next case on, sessions are kept in {folder}")

    @shows_errors
    def share(self) -> None:
        """Offer to write a copy of the open case without what identifies the patient."""
        case = self._bridge.session.case
        if case is None:
            raise InvalidImage("No case is open.", cure="Open a study or an image first.")
        ShareDialog(sources_of(case), self).open()

    def _close_case(self) -> None:
        if self._bridge.drawn_layers() and not self._confirms_closing():
            return
        self._bridge.close_case()

    def _confirms_closing(self) -> bool:
        question = (
            "Close the case? Label maps that you have not saved to a file are kept in your session "
            "and offered when you open the case again."
        )
        answer = QMessageBox.question(self, "Close case", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def save(self, layer: Labels, path: Path) -> None:
        """Write a labels layer to a file, on the grid of its image, or on the pixels of its clip."""
        if CLIP_MASK_KEY in layer.metadata:
            self._save_masks(layer, path)
            return
        shown = self._bridge.labels_of(layer)
        labels = shown.with_changes(array=np.array(shown.array))  # what is painted meanwhile waits
        session = self._bridge.session
        written = run_with_dialog(
            f"Saving {path.name}", lambda _progress: session.save_labels(labels, path), self
        )
        recorder = self._bridge.recorder
        recorder.recording.note_saved(recorder.key_of(layer), written)
        show_info(f"Saved {written}")

    def _save_masks(self, layer: Labels, path: Path) -> None:
        run_with_dialog(
            f"Saving {path.name}",
            lambda _progress: write_clip_masks(path, layer.data, layer.metadata),
            self,
        )
        recorder = self._bridge.recorder
        recorder.recording.note_saved(recorder.key_of(layer), path)
        show_info(f"Saved {path}")

    def _save_filter(self, layer: Labels) -> str:
        images, _ = dicom_images(self._bridge.labels_of(layer), self._bridge.session.case)
        return f"{_SAVE_FILTER};;{_DICOM_FILTER}" if images else _SAVE_FILTER

    def _labels_to_save(self) -> Labels:
        layers = self._bridge.drawn_layers()
        active = self._bridge.viewer.layers.selection.active
        if active in layers:
            return active
        if len(layers) != 1:
            raise InvalidImage(
                f"There are {len(layers)} label maps.", cure="Select the one to save in the layer list."
            )
        return layers[0]

    def _prefer_medassist(self) -> None:
        prefer_medassist()
        self.prefer.hide()

    # ---------------------------------------------------------------- what is shown

    def _show_case(self, case: Case | None) -> None:
        self.series.set_case(case)
        self._update_eyes()
        if case is None:
            self.title.setText("No case is open. Drop a study folder on the window, or open one.")
            self.warnings.setText("")
            return
        n_labels = len(case.labels)
        labels = f", {n_labels} label map{'s' * (n_labels != 1)}" if n_labels else ""
        self.title.setText(f"{case.name}: {len(case.series)} series{labels}")
        self.warnings.setText("\n".join(f"! {warning}" for warning in case.warnings))
        if case.series:
            reference = case.reference_volume()
            row = 0 if reference is None else self.series.row_of(reference)
            self.table.selectRow(row or 0)

    def _update_eyes(self) -> None:
        for row in range(self.series.rowCount()):
            layer = self._bridge.layer_of(self.series.series_at(row))
            self.series.set_visible(row, layer is not None and layer.visible)

    def _set_visible(self, row: int, visible: bool) -> None:  # noqa: FBT001 - a Qt slot
        layer = self._bridge.layer_of(self.series.series_at(row))
        if layer is not None:
            layer.visible = visible
        self._update_eyes()

    def _show_only(self, index: QModelIndex) -> None:
        if index.column() != EYE:
            self._bridge.show_only(self.series.series_at(index.row()))
            self._update_eyes()

    def _selected(self) -> Series | None:
        rows = self.table.selectionModel().selectedRows()
        return self.series.series_at(rows[0].row()) if rows else None

    def _on_row_selected(self) -> None:
        image = self._selected()
        self.window_choice.clear()
        if image is None:
            return
        for preset in window_presets(image):
            self.window_choice.addItem(preset.name, preset.limits)
        layer = self._bridge.layer_of(image)
        if layer is not None:
            self._bridge.viewer.layers.selection.active = layer

    def _on_window_chosen(self, position: int) -> None:
        image = self._selected()
        layer = None if image is None else self._bridge.layer_of(image)
        if isinstance(layer, Image) and not layer.rgb:
            low, high = self.window_choice.itemData(position)
            layer.contrast_limits_range = (
                min(low, layer.contrast_limits_range[0]),
                max(high, layer.contrast_limits_range[1]),
            )
            layer.contrast_limits = (low, high)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        buttons = QGridLayout()
        acts = (
            ("Open study...", "Open a folder with a DICOM study or other images", self._open_folder),
            ("Open file...", "Open an image, a label map or a clip", self._open_file),
            ("New labels", "An empty label map on the selected series' grid", self._new_labels),
            (
                "Save labels...",
                "Save the selected label map as NIfTI, NRRD, MHA or DICOM",
                self._save_labels,
            ),
            ("Share copy...", "Write a copy without what identifies the patient", self.share),
            ("Close case", "Remove the images and label maps of this case", self._close_case),
            (
                "Sessions in...",
                "Choose the folder in which your work is kept while you annotate",
                self._choose_sessions_folder,
            ),
        )
        for position, (text, tip, act) in enumerate(acts):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, act=act: act())
            buttons.addWidget(button, position // 2, position % 2)
        window_row = QGridLayout()
        window_row.addWidget(QLabel("Window"), 0, 0)
        window_row.addWidget(self.window_choice, 0, 1)
        window_row.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.prefer)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addLayout(window_row)
        layout.addWidget(self.curves)
        layout.addWidget(self.warnings)

    def _connect(self) -> None:
        self.prefer.clicked.connect(lambda: self._prefer_medassist())
        self.series.eye_clicked.connect(self._set_visible)
        self.table.doubleClicked.connect(self._show_only)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_row_selected())
        self.window_choice.activated.connect(self._on_window_chosen)
        self._bridge.session.case_changed.connect(self._show_case)
        self._bridge.layers_changed.connect(self._update_eyes)


def _table_view(model: SeriesTable) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setToolTip("Click the eye to show a series, double-click a row to show it alone")
    view.verticalHeader().hide()
    view.setShowGrid(False)
    view.setWordWrap(False)
    header = view.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    return view
