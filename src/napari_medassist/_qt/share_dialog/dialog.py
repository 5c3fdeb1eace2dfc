"""Share a copy: where to, what is kept, which doubtful images go along, and what is black in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.share_dialog.picture import BoxPicture
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Work
from napari_medassist.app.sharing import DoubtfulImage, doubtful_images
from napari_medassist.core.progress import Progress
from napari_medassist.io.sharing.burned_in import Box
from napari_medassist.io.sharing.profile import SharingOptions
from napari_medassist.io.sharing.share import Blacking, Shared, share

T = TypeVar("T")
_TOLD_FILES = 12
_LOOK = (
    "These images may have names in their pixels and stay out unless checked. Boxes will be black in "
    "the copy: drag to draw one, right-click to take one away. Found boxes are a help and no proof: "
    "look yourself."
)


class ShareDialog(QDialog):
    """Writes a de-identified copy of the files of a case; they are never changed.

    Parameters
    ----------
    sources
        The files and folders of the case.
    parent
        The window.
    """

    def __init__(self, sources: tuple[Path, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Share a copy without what identifies the patient")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sources = sources
        self._images: tuple[DoubtfulImage, ...] = ()
        self._boxes: dict[Path, tuple[Box, ...]] = {}
        self.runner = Runner(self, threads=1)
        self.folder, self.mapping = QLineEdit(), QLineEdit()
        self.shifts, self.keeps = QCheckBox("Shift dates"), QCheckBox("Keep sex, age, size, weight")
        self.shifts.setToolTip("Move dates by a random number of days and keep times; else both go")
        self.list, self.picture = QListWidget(), BoxPicture()
        self.why, self.message, self.bar = QLabel(), QLabel("Looking for text ..."), QProgressBar()
        self.write, self.cancel = QPushButton("Write the copy"), QPushButton("Close")
        self._lay_out()
        self._connect()
        self._start("Looking for text", lambda p: doubtful_images(sources, p), self._show_doubtful)

    # ---------------------------------------------------------------- acts

    def begin(self) -> None:
        """Write the copy in a thread."""
        folder, mapping = self.folder.text().strip(), self.mapping.text().strip()
        if not folder or not mapping:
            self.message.setText("Choose a new folder for the copy, and a file for the mapping.")
            return
        chosen = {path for path, item in self._items() if item.checkState() == Qt.CheckState.Checked}
        options = SharingOptions(self.shifts.isChecked(), self.keeps.isChecked())
        blacking = Blacking(drawn=dict(self._boxes))

        def run(progress: Progress) -> Shared:
            return share(
                self._sources,
                Path(folder),
                Path(mapping),
                options=options,
                keep_doubtful=lambda path: path in chosen,
                blacking=blacking,
                progress=progress,
            )

        self._start("Writing the copy", run, self._tell)

    def reject(self) -> None:
        """Stop what runs, then close."""
        self.runner.close()
        super().reject()

    def _start(self, title: str, run: Callable[[Progress], T], accept: Callable[[T], None]) -> None:
        work = Work[T](
            title=title,
            run=run,
            accept=accept,
            fail=lambda error: self.message.setText(str(error)),
            is_current=lambda: True,
        )
        self.runner.start(work)

    def _choose_folder(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "A new folder for the copy", "shared")
        if chosen:
            self.folder.setText(chosen)
            if not self.mapping.text():
                self.mapping.setText(f"{chosen}-mapping.json")

    def _choose_mapping(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "The mapping, kept secret", "mapping.json")
        if chosen:
            self.mapping.setText(chosen)

    # ---------------------------------------------------------------- what is shown

    def _show_doubtful(self, images: tuple[DoubtfulImage, ...]) -> None:
        self._images = images
        self._boxes = {image.path: image.doubt.boxes for image in images}
        for image in images:
            item = QListWidgetItem(image.path.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            item.setToolTip(str(image.path))
            self.list.addItem(item)
        self._review.setVisible(bool(images))
        self.message.setText(
            f"{len(images)} images may have text burned in." if images else "No image is in doubt."
        )
        if images:
            self.list.setCurrentRow(0)

    def _show_image(self, row: int) -> None:
        if not 0 <= row < len(self._images):
            return
        image = self._images[row]
        n, problem = len(image.doubt.boxes), image.doubt.problem
        places = f"may hold text at {n} place{'s' * (n != 1)}" if n else "the search found no text"
        found = problem or places
        self.why.setText(f"{image.doubt.why}: {found}.")
        self.picture.show_frame(image.frame, self._boxes[image.path])

    def _take_boxes(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._images):
            self._boxes[self._images[row].path] = self.picture.boxes

    def _items(self) -> list[tuple[Path, QListWidgetItem]]:
        return [(image.path, self.list.item(row)) for row, image in enumerate(self._images)]

    def _tell(self, shared: Shared) -> None:
        lines = [f"{shared.n_files} files in {shared.folder}. Look at them before you give them away."]
        left_out, warnings = len(shared.left_out), len(shared.warnings)
        if left_out:
            lines.append(f"{left_out} left out:")
            lines += [f"- {line}" for line in shared.left_out[:_TOLD_FILES]]
        if warnings:
            lines.append(f"{warnings} to look at:")
            lines += [f"- {line}" for line in shared.warnings[:_TOLD_FILES]]
        self.message.setText(lines[0] if len(lines) == 1 else f"{lines[0]} (more: rest the mouse here)")
        self.message.setToolTip("\n".join(lines))

    def _show_progress(self, done: int, total: int, message: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.message.setText(message)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - a slot of Qt
        self.bar.setVisible(busy)
        self.write.setEnabled(not busy)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self)
        source = QLabel(_told_of(self._sources))
        source.setToolTip("\n".join(str(path) for path in self._sources))
        rows.addWidget(source)
        rows.addLayout(self._places())
        self._review = QWidget()
        review = QVBoxLayout(self._review)
        review.setContentsMargins(0, 0, 0, 0)
        look = QLabel(_LOOK)
        for label in (source, look, self.why, self.message):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        beside = QHBoxLayout()
        beside.addWidget(self.list, 1)
        beside.addWidget(self.picture, 3)
        review.addWidget(look)
        review.addLayout(beside, 1)
        review.addWidget(self.why)
        self._review.hide()
        rows.addWidget(self._review, 1)
        rows.addWidget(self.bar)
        rows.addWidget(self.message)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.write)
        buttons.addWidget(self.cancel)
        rows.addLayout(buttons)
        self.resize(760, 560)

    def _places(self) -> QGridLayout:
        grid = QGridLayout()
        for row, (name, field, act) in enumerate(
            (
                ("New folder", self.folder, self._choose_folder),
                ("Mapping (secret)", self.mapping, self._choose_mapping),
            )
        ):
            button = QPushButton("...")
            button.clicked.connect(lambda _checked=False, act=act: act())
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(button, row, 2)
        self.mapping.setToolTip("JSON of old and new identifiers; outside of the folder")
        options = QHBoxLayout()
        options.addWidget(self.shifts)
        options.addWidget(self.keeps)
        options.addStretch(1)
        grid.addLayout(options, 2, 1)
        return grid

    def _connect(self) -> None:
        self.write.clicked.connect(lambda: self.begin())
        self.cancel.clicked.connect(self.reject)
        self.list.currentRowChanged.connect(self._show_image)
        self.picture.changed.connect(self._take_boxes)
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)


def _told_of(sources: tuple[Path, ...]) -> str:
    """Return what is copied."""
    more = f" and {len(sources) - 1} more places" if len(sources) > 1 else ""
    return (
        f"Copies the files in {sources[0]}{more}; they are not changed. Labels that you have not "
        "saved to a file there are not in the copy."
    )
