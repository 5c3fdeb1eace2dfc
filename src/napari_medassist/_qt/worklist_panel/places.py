"""Dialogs that ask for places: of cases, of a list, of one that cannot lie with its cases."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_medassist.app.reading.worklist_file import ENDING

_LIST_FILTER = "Worklists and tables (*.worklist.json *.json *.csv *.tsv);;All files (*)"


def ask_folder(parent: QWidget) -> Path | None:
    """Ask for a folder of cases; None if there is no answer."""
    title = "A folder with a case in each folder or file"
    chosen = QFileDialog.getExistingDirectory(parent, title)
    return Path(chosen) if chosen else None


def ask_list(parent: QWidget) -> Path | None:
    """Ask for a worklist or a table of cases; None if there is no answer."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "A worklist or a table", "", _LIST_FILTER)
    return Path(chosen) if chosen else None


def ask_other_place(parent: QWidget) -> Path | None:
    """Ask where to keep a new worklist; None if there is no answer."""
    title = "Where to keep the worklist and the readings"
    chosen, _ = QFileDialog.getSaveFileName(parent, title, f"cases{ENDING}", f"Worklists (*{ENDING})")
    return Path(chosen if chosen.endswith(".json") else chosen + ENDING) if chosen else None
