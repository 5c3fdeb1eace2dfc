"""Models that segment the open case: those that fit first, the card beside, one button."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TypeVar

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.models_panel.learn_dialog import LearnDialog
from napari_medassist._qt.models_panel.more_menu import MoreMenu
from napari_medassist._qt.threads import Runner
from napari_medassist.app.batch import Batch, segment_all
from napari_medassist.app.browser.work import Work
from napari_medassist.app.layer_data import map_layer
from napari_medassist.app.learning.wish import LearnedFromCases, LearningWish, learn_from_list
from napari_medassist.app.segmenting import OfferedModel, offered_models, preferred_images, segment
from napari_medassist.core.case import Case
from napari_medassist.core.errors import Cancelled, MedAssistError
from napari_medassist.core.labels import ProbabilityMap
from napari_medassist.core.progress import Progress
from napari_medassist.models import tuned
from napari_medassist.models.card import ModelCard, Task, as_text, rows_of
from napari_medassist.models.places import install
from napari_medassist.models.prediction import Prediction
from napari_medassist.models.registry import add_model, remove_model

T = TypeVar("T")
_MOST_TOLD = 8  # warnings of many cases at once
_WARNING = "color: #e0a030;"


class ModelsPanel(QWidget):
    """Runs models on the open case; what they find becomes a label map that can be undone.

    Signals
    -------
    suggested
        Emits what a detection model has found; whoever listens puts it before the reader.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    suggested = Signal(object)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._offered: tuple[OfferedModel, ...] = ()
        self.runner = Runner(self, threads=1)
        self.list, self.card = QListWidget(), QTextBrowser()
        self.run, self.stop = QPushButton("Segment"), QPushButton("Cancel")
        self.doubt = QCheckBox("Uncertainty")
        self.doubt.setToolTip("Add a layer that shows where the network is not sure; looks twice")
        self.more = MoreMenu(self)
        self.bar, self.message, self.warnings = QProgressBar(), QLabel(), QLabel()
        self._lay_out()
        self._connect()
        self._show_models()

    # ---------------------------------------------------------------- acts

    def begin(self) -> None:
        """Run the chosen model on the open case, or fetch its weights if they are not here."""
        offered, case = self.chosen(), self._bridge.session.case
        if offered is None or self.runner.is_busy:
            return
        card = offered.card
        if not offered.is_installed:
            self._start(f"{card.name} is fetched", lambda _p: install(card), self._show_fetched)
            return
        if case is None or offered.misfit:
            self._tell(f"{card.name} cannot run: {offered.misfit}.")
            return
        preferred = preferred_images(card, case, self._bridge.selected_volume())
        doubting = self.doubt.isChecked() and card.network is not None

        def run(progress: Progress) -> Prediction:
            return segment(case, card, preferred=preferred, doubting=doubting, progress=progress)

        self._start(card.title, run, self._take)

    def add_path(self, path: Path) -> None:
        """Add a model of the user's, a file or a folder, in a thread."""
        self._start(f"{path.name} is tried", lambda _p: add_model(path), self._show_added)

    def begin_learning(self, card: ModelCard, wish: LearningWish) -> None:
        """Let a model learn from a user's cases, in a thread; the panel tells how it went."""

        def run(progress: Progress) -> LearnedFromCases:
            return learn_from_list(card, wish, progress)

        self._start(f"{card.name} learns", run, self._show_learned)

    def begin_all(self, place: Path, out: Path) -> None:
        """Run the chosen model on all cases of a list, in a thread, each into a file of its own."""
        offered = self.chosen()
        if offered is None or self.runner.is_busy:
            return
        card = offered.card

        def run(progress: Progress) -> Batch:
            return segment_all(place, card, out, progress)

        self._start(f"{card.name} runs on {place.name}", run, self._show_batch)

    def _show_batch(self, batch: Batch) -> None:
        place = f" into {batch.written[0].parent}" if batch.written else ""
        told = (*batch.failed, *batch.warned)
        rest = (f"... and {len(told) - _MOST_TOLD} more",) if len(told) > _MOST_TOLD else ()
        self._tell(f"{batch.in_words}{place}.", (*told[:_MOST_TOLD], *rest))

    def _choose_cases(self) -> None:
        offered = self.chosen()
        if offered is None or self.runner.is_busy:
            return
        dialog = LearnDialog(offered.card, self)
        if dialog.exec():
            self.begin_learning(offered.card, dialog.wish())

    def _show_learned(self, learned: LearnedFromCases) -> None:
        self._show_models()
        self._select(learned.card.name)
        quality = "\n".join(f"{m.what}: {m.value}" for m in learned.card.quality)
        self._tell(f"{learned.card.full_name} is ready.\n{quality}".strip(), learned.warnings)

    def _go_back(self) -> None:
        offered = self.chosen()
        if offered is None:
            return
        try:
            number = tuned.roll_back(offered.card.name)
        except MedAssistError as error:
            self._tell(str(error))
            return
        self._show_models()
        self._select(offered.card.name)
        self._tell(f"{offered.card.name}: version {number} is used now.")

    def _ask_and_remove(self) -> None:
        offered = self.chosen()
        if offered is None:
            return
        name = offered.card.name
        answer = QMessageBox.question(
            self, "Remove a model", f"Delete '{name}' with all its versions? This cannot be undone."
        )
        if answer == QMessageBox.StandardButton.Yes:
            remove_model(name)
            self._show_models()
            self._tell(f"{name} was removed.")

    def _select(self, name: str) -> None:
        names = [offered.card.name for offered in self._offered]
        self.list.setCurrentRow(names.index(name))

    def _show_fetched(self, _paths: tuple[Path, ...]) -> None:
        self._show_models()
        self._tell("Its weights are here, and checked.")

    def _show_added(self, card: ModelCard) -> None:
        self._show_models()
        self._select(card.name)
        self._tell(f"{card.full_name} was added.")

    def chosen(self) -> OfferedModel | None:
        """Return the model that is selected."""
        row = self.list.currentRow()
        return self._offered[row] if 0 <= row < len(self._offered) else None

    def _start(self, title: str, run: Callable[[Progress], T], accept: Callable[[T], None]) -> None:
        self._tell(f"{title} ...")
        work = Work[T](title, run, accept, self._fail, lambda: True)
        self.runner.start(work)

    def _take(self, made: Prediction) -> None:
        if not _is_still_there(made, self._bridge.session.case):
            self._tell("Another case is open now: the result was dropped.")
            return
        if made.uncertainty is not None:
            self._show_uncertainty(made.uncertainty)
        if made.confidences is not None:
            self._take_candidates(made, made.confidences)
            return
        with self._bridge.recorder.titled(made.labels.provenance.made_by):
            self._bridge.add_labels(made.labels)
        voxel_ml = made.labels.geometry.voxel_volume_mm3 / 1000
        array = np.asarray(made.labels.array)
        volumes = ", ".join(
            f"{label.name} {np.count_nonzero(array == label.value) * voxel_ml:.1f} ml"
            for label in made.labels.scheme.labels
        )
        seconds = sum(made.seconds.values())
        self._tell(f"{volumes}. {seconds:.1f} s.", made.warnings)

    def _take_candidates(self, made: Prediction, confidences: tuple[float, ...]) -> None:
        seconds = sum(made.seconds.values())
        n = len(confidences)
        told = ", ".join(f"{value:.2f}" for value in confidences)
        found = f"{n} suggestion{'' if n == 1 else 's'} ({told})" if n else "No lesion is suggested"
        self._tell(f"{found}. {seconds:.1f} s.", made.warnings)
        if n:
            self.suggested.emit(made)

    def _show_uncertainty(self, found: ProbabilityMap) -> None:
        """Lay the map over the images, as light."""
        case = self._bridge.session.case
        if case is not None:
            self._bridge.add_layer_data([map_layer(found, case, self._bridge.session.frame)])

    def _fail(self, error: BaseException) -> None:
        stopped = isinstance(error, Cancelled)
        self._tell("Stopped; nothing was changed." if stopped else "Nothing was changed.")

    # ---------------------------------------------------------------- what is shown

    def _tell(self, message: str, warnings: tuple[str, ...] = ()) -> None:
        self.message.setText(message)
        self.warnings.setText("\n".join(f"\N{WARNING SIGN} {warning}" for warning in warnings))
        self.warnings.setVisible(bool(warnings))

    def _show_models(self, _event: object = None) -> None:
        before = self.chosen()
        self._offered = offered_models(self._bridge.session.case, self._bridge.selected_volume())
        self.list.clear()
        for offered in self._offered:
            item = QListWidgetItem(f"{offered.card.full_name}\n{_told_of(offered)}")
            item.setToolTip(as_text(offered.card))
            if offered.misfit:
                item.setForeground(self.palette().placeholderText())
            self.list.addItem(item)
        names = [offered.card.name for offered in self._offered]
        keeps = before is not None and before.card.name in names and not before.misfit
        self.list.setCurrentRow(names.index(before.card.name) if before is not None and keeps else 0)
        self._show_chosen()

    def _on_selection(self, _event: object = None) -> None:
        """Look again at what fits, if the image that is selected makes a difference."""
        now = offered_models(self._bridge.session.case, self._bridge.selected_volume())
        if now != self._offered:
            self._show_models()

    def _show_chosen(self, _row: int = 0) -> None:
        offered = self.chosen()
        if offered is None:
            return
        self.card.setHtml(_as_html(offered.card))
        act = "Find lesions" if offered.card.task is Task.DETECTION else "Segment"
        self.run.setText(act if offered.is_installed else "Fetch the weights")
        self.run.setEnabled(
            not self.runner.is_busy and not (offered.is_installed and bool(offered.misfit))
        )

        self.more.show_for(offered, busy=self.runner.is_busy)

    def _show_progress(self, done: int, total: int, message: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(message)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - a slot of Qt
        self.bar.setVisible(busy)
        self.stop.setVisible(busy)
        self._show_chosen()

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.card.setOpenLinks(False)
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        for label in (self.message, self.warnings):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.warnings.setStyleSheet(_WARNING)
        self.bar.hide()
        self.stop.hide()
        self.warnings.hide()
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.list)
        split.addWidget(self.card)
        split.setStretchFactor(1, 2)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.doubt)
        buttons.addWidget(self.more)
        rows = QVBoxLayout(self)
        rows.addWidget(split, 1)
        rows.addLayout(buttons)
        rows.addWidget(self.bar)
        rows.addWidget(self.message)
        rows.addWidget(self.warnings)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._show_chosen)
        self.list.itemDoubleClicked.connect(lambda _item: self.begin())
        self.run.clicked.connect(lambda: self.begin())
        self.stop.clicked.connect(lambda: self.runner.cancel())
        self.more.learn_asked.connect(self._choose_cases)
        self.more.path_chosen.connect(self.add_path)
        self.more.list_chosen.connect(self.begin_all)
        self.more.back_asked.connect(self._go_back)
        self.more.remove_asked.connect(self._ask_and_remove)
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)
        self._bridge.session.case_changed.connect(self._show_models)
        self._bridge.viewer.layers.selection.events.active.connect(self._on_selection)


def _told_of(offered: OfferedModel) -> str:
    if offered.misfit:
        return f"Does not fit: {offered.misfit}"
    return offered.card.title if offered.is_installed else f"{offered.card.title} (to be fetched)"


def _as_html(card: ModelCard) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(heading)}</b>&nbsp;</td><td>{escape(sentence)}</td></tr>"
        for heading, sentence in rows_of(card)
    )
    return f"<p><b>{escape(card.full_name)}</b>: {escape(card.title)}</p><table>{rows}</table>"


def _is_still_there(made: Prediction, case: Case | None) -> bool:
    """Tell whether the image that was segmented belongs to the case that is open now."""
    volumes = () if case is None else case.volumes()
    return any(volume.geometry is made.labels.geometry for volume in volumes)
