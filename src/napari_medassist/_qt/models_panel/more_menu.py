"""The button *More*: what is done with models beside running one on the open case."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_medassist.app.reading.worklist_file import ENDING
from napari_medassist.app.segmenting import OfferedModel
from napari_medassist.models.networks.known import can_learn
from napari_medassist.models.tuned import is_tuned


class MoreMenu(QPushButton):
    """Let a model learn, add one, run one on many cases, go back a version, remove one.

    Signals
    -------
    learn_asked, back_asked, remove_asked
        For the chosen model.
    path_chosen
        Emits the file or folder of a model to add.
    list_chosen
        Emits the cases to run on, and the folder for their label maps.

    Parameters
    ----------
    parent
        The panel.
    """

    learn_asked = Signal()
    back_asked = Signal()
    remove_asked = Signal()
    path_chosen = Signal(Path)
    list_chosen = Signal(Path, Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("More", parent)
        self.setToolTip("Models of your own: let one learn, add, go back, remove; many cases at once")
        menu = QMenu(self)
        self.learn = menu.addAction("Learn from my cases...", self.learn_asked.emit)
        menu.addSeparator()
        self.add_file = menu.addAction(
            "Add ONNX or TorchScript with its JSON file, or a ZIP archive...", self._choose_file
        )
        self.add_folder = menu.addAction(
            "Add a folder of nnU-Net v2, or a MONAI bundle...", self._choose_folder
        )
        menu.addSeparator()
        self.every = menu.addAction("Run on all cases of a worklist or table...", self._choose_list)
        self.every_of = menu.addAction("Run on all cases of a folder...", self._choose_list_folder)
        menu.addSeparator()
        self.back = menu.addAction("Go back to the version before", self.back_asked.emit)
        self.remove = menu.addAction("Remove this model...", self.remove_asked.emit)
        self.setMenu(menu)

    def show_for(self, offered: OfferedModel, *, busy: bool) -> None:
        """Offer what can be done with a model."""
        card = offered.card
        self.learn.setEnabled(can_learn(card) and not busy)
        for act in (self.every, self.every_of):
            act.setEnabled(offered.is_installed and not busy)
        self.back.setEnabled(is_tuned(card.name) and card.version != "1")
        self.remove.setEnabled(any(file.is_users for file in card.weights))

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "A network of your own", filter="Networks (*.onnx *.pt *.zip)"
        )
        if chosen:
            self.path_chosen.emit(Path(chosen))

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "A folder of nnU-Net v2, or a MONAI bundle")
        if chosen:
            self.path_chosen.emit(Path(chosen))

    def _choose_list(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Cases to segment", filter=f"Worklists and tables (*{ENDING} *.csv)"
        )
        self._choose_out(chosen)

    def _choose_list_folder(self) -> None:
        self._choose_out(QFileDialog.getExistingDirectory(self, "Folder of cases to segment"))

    def _choose_out(self, chosen: str) -> None:
        out = chosen and QFileDialog.getExistingDirectory(self, "Folder for the label maps")
        if chosen and out:
            self.list_chosen.emit(Path(chosen), Path(out))
