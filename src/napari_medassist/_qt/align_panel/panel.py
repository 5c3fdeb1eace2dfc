"""Align two images of the open case: one button for diffusion, a verdict, and ways to look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.align_panel.choice_box import BY_HAND, ChoiceBox
from napari_medassist._qt.align_panel.landmark_box import LandmarkBox
from napari_medassist._qt.align_panel.nudge_box import NudgeBox
from napari_medassist._qt.align_panel.on_canvas import OnCanvas
from napari_medassist._qt.align_panel.verdict_view import VerdictView
from napari_medassist._qt.align_panel.wishes import companions_of, outlining_layers, start_of
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Work
from napari_medassist.app.registering.aligning import (
    Alignment,
    Wish,
    align,
    remeasured,
)
from napari_medassist.app.registering.by_hand import Nudge
from napari_medassist.app.registering.diffusion import (
    align_diffusion,
    why_no_diffusion,
    without_moved,
)
from napari_medassist.app.registering.verdict import Thresholds
from napari_medassist.app.registering.writing import write_alignment
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case
from napari_medassist.core.errors import Cancelled, MedAssistError
from napari_medassist.core.progress import Progress
from napari_medassist.core.provenance import ALIGNED_BY
from napari_medassist.core.volume import Volume

_SETTING = "align_thresholds"


@dataclass(frozen=True, eq=False)
class _Made:
    """What came out of a run."""

    alignment: Alignment
    moved: tuple[Volume, ...]
    notes: tuple[str, ...]


class AlignPanel(QWidget):
    """Aligns images of the open case; the moved ones join it as series of their own.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    settings
        Holds the thresholds of the verdict.
    """

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__()
        self._bridge, self._settings = bridge, settings
        self._made: _Made | None = None
        self._problem = ""
        self.runner = Runner(self, threads=1)
        self.canvas = OnCanvas(bridge)
        self.diffusion = QPushButton("Align diffusion to T2")
        self.choice = ChoiceBox()
        self.run, self.stop = QPushButton("Align"), QPushButton("Cancel")
        self.save, self.remove = QPushButton("Save..."), QPushButton("Take away")
        self.remove.setToolTip("Take the moved images out of the case again")
        self.bar, self.message = QProgressBar(), QLabel()
        self.verdict, self.nudge, self.landmarks = VerdictView(), NudgeBox(), LandmarkBox()
        self.overlay = QSlider(Qt.Orientation.Horizontal)
        self.looks = {name: QCheckBox(name) for name in ("Arrows", "Grid", "Growth")}
        self.pages = QTabWidget()
        self._lay_out()
        self._connect()
        self._show_choices()

    # ---------------------------------------------------------------- acts

    @property
    def alignment(self) -> Alignment | None:
        """What was found last on the open case."""
        return None if self._made is None else self._made.alignment

    def begin_diffusion(self) -> None:
        """Align all diffusion images of the case with its T2w, in a thread."""
        case = self._bridge.session.case
        if case is None or self.runner.is_busy:
            return
        own, thresholds = without_moved(case), self.thresholds
        method, both_ways = self.choice.method.currentData(), self.choice.both_ways.isChecked()
        wish = Wish(method, both_ways=both_ways)

        def run(progress: Progress) -> _Made:
            made = align_diffusion(own, wish, thresholds=thresholds, progress=progress)
            return _Made(made.alignment, made.moved, made.notes)

        self._start("Diffusion is aligned with T2w", run)

    def begin(self) -> None:
        """Align the chosen images, in a thread."""
        images = self.choice.images
        if images is None:
            self._tell("Choose two different images.")
        if images is None or self.runner.is_busy:
            return
        fixed, moving = images
        method, both_ways = self.choice.method.currentData(), self.choice.both_ways.isChecked()
        outlines = self.choice.outlines
        if self.choice.needs_outlines and outlines is None:
            self._tell("Outline the organ in both images, each in a label map on the image's own grid.")
            return
        try:
            start = start_of(self.choice, self.nudge, self.landmarks, fixed)
            companions = companions_of(self._bridge, self.landmarks.pairs, fixed, moving, outlines)
        except MedAssistError as error:
            self._tell(str(error))
            return
        wish = Wish(method, start, both_ways, guided=self.landmarks.guide.isChecked())
        thresholds = self.thresholds

        def run(progress: Progress) -> _Made:
            made = align(fixed, moving, wish, companions, thresholds=thresholds, progress=progress)
            return _Made(made, (made.moved,), ())

        self._start(f"{moving.name} is aligned with {fixed.name}", run)

    def save_to(self, folder: Path) -> None:
        """Write what was found into a folder."""
        if self._made is None:
            return
        made = self._made
        try:
            written = write_alignment(
                made.alignment,
                folder,
                also=made.moved[1:],
                notes=made.notes,
                thresholds=self.thresholds,
            )
        except MedAssistError as error:
            self._tell(str(error))
            return
        self._tell(f"{len(written)} files saved in {folder}.")

    def take_away(self) -> None:
        """Take the moved images of the last alignment out of the case."""
        made, self._made = self._made, None
        if made is None:
            return
        self.canvas.take_away(made.moved)
        self.verdict.show_verdict(None)
        self._show_busy(self.runner.is_busy)
        self._tell("The moved images were taken away. Label maps that went along stay: undo them.")

    @property
    def thresholds(self) -> Thresholds:
        """Thresholds of the verdict, from the settings; the usual ones if those are not understood.

        Why they are not is told beside the verdict.
        """
        self._problem = ""
        try:
            return Thresholds.from_settings(self._settings.ui(_SETTING, {}))
        except MedAssistError as error:
            self._problem = f"{error} The usual thresholds count."
            return Thresholds()

    def _start(self, title: str, run: Callable[[Progress], _Made]) -> None:
        self._tell(f"{title} ...")
        self.canvas.stop_preview()
        self.nudge.drag.setChecked(False)
        self.runner.start(Work[_Made](title, run, self._take, self._fail, lambda: True))

    def _take(self, made: _Made) -> None:
        case = self._bridge.session.case
        if case is None or made.alignment.fixed not in tuple(case.volumes()):
            self._tell("Another case is open now: the result was dropped.")
            return
        self._made = made
        self.overlay.setValue(50)
        self.canvas.show_moved(made.alignment, made.moved)
        with self._bridge.recorder.titled(f"{ALIGNED_BY}{made.alignment.wish.method}"):
            for carried in made.alignment.quality.carried:
                self._bridge.add_labels(carried.labels)
        self._judge()
        self._show_pictures()
        self.pages.setCurrentWidget(self.verdict)
        self._tell("The moved images have joined the case; the ones as acquired are as they were.")

    def _judge(self) -> None:
        """Show the verdict with the landmarks as they are now."""
        if self._made is None:
            return
        again = remeasured(self._made.alignment, self.landmarks.pairs, self.thresholds)
        self._made = _Made(again, self._made.moved, self._made.notes)
        problems = (self._problem,) if self._problem else ()
        self.verdict.show_verdict(again.verdict, (*problems, *self._made.notes))
        targets = again.quality.targets
        if targets is not None:
            self.landmarks.show_errors(dict(zip(targets.names, targets.after_mm, strict=True)))

    def _fail(self, error: BaseException) -> None:
        self._tell(
            "Stopped; nothing was changed." if isinstance(error, Cancelled) else "Nothing was changed."
        )

    # ---------------------------------------------------------------- by hand

    def _preview(self, nudge: Nudge) -> None:
        images = self.choice.images
        if images is not None:
            self.choice.start.setCurrentText(BY_HAND)
            self.canvas.preview(*images, nudge)

    def _drag(self, wanted: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Let the mouse move the moving image, or pan the canvas again."""
        images = self.choice.images
        if not wanted or images is None:
            self.canvas.stop_dragging()
            self.nudge.drag.setChecked(False)
            if wanted:
                self._tell("Choose two different images.")
            return
        self._preview(self.nudge.nudge)
        self.canvas.drag(images[0], lambda: self.nudge.nudge, self.nudge.set_nudge)

    def _pick(self) -> None:
        images = self.choice.images
        if images is None:
            self.landmarks.told.setText("Choose two different images.")
            return
        fixed, moving = images
        self.landmarks.give_up()
        self.landmarks.told.setText(f"Click the place in {fixed.name} (fixed).")
        self.canvas.pick(fixed, lambda place: self._take_place(place, moving))

    def _take_place(self, place: np.ndarray, moving: Volume) -> None:
        if self.landmarks.take_place(place):
            self.landmarks.told.setText("")
            self.canvas.stop_picking()
            return
        self.landmarks.told.setText(f"Now the same place in {moving.name} (moving).")
        self.canvas.pick(moving, lambda there: self._take_place(there, moving))

    def _on_landmarks(self) -> None:
        self.canvas.show_landmarks(self.landmarks.pairs)
        self._judge()

    # ---------------------------------------------------------------- what is shown

    def _show_choices(self, _event: object = None) -> None:
        """Offer the images of the case; keep what was chosen."""
        case = self._bridge.session.case
        volumes = [] if case is None else [v for v in case.volumes() if v.array.ndim == 3]
        self.choice.offer(volumes)
        self._offer_outlines()
        self._show_busy(self.runner.is_busy)

    def _offer_outlines(self) -> None:
        self.choice.offer_outlines(outlining_layers(self._bridge))

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - a slot of Qt
        self.bar.setVisible(busy)
        self.stop.setVisible(busy)
        self.run.setEnabled(not busy and self.choice.fixed.count() > 1)
        for button in (self.save, self.remove):
            button.setEnabled(not busy and self._made is not None)
        for widget in (self.overlay, *self.looks.values()):
            widget.setEnabled(self._made is not None)
        why = why_no_diffusion(self._bridge.session.case)
        self.diffusion.setEnabled(not busy and not why)
        self.diffusion.setToolTip(why or "One map for all b-values and ADC, found around the prostate")

    def _show_progress(self, done: int, total: int, message: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(message)

    def _show_pictures(self, _state: object = None) -> None:
        wanted = {name for name, box in self.looks.items() if box.isChecked()}
        self.canvas.show_pictures(self.alignment, wanted)

    def _forget(self, _case: Case | None) -> None:
        """Drop what was found on another case."""
        case = self._bridge.session.case
        made = self._made
        is_gone = made is not None and case is not None and made.alignment.fixed not in case.series
        if case is None or is_gone:
            self._made = None
            self.verdict.show_verdict(None)
            self.landmarks.set_pairs(())
            self.canvas.forget()
            self.nudge.drag.setChecked(False)
            self._tell("")
        self._show_choices()

    def _tell(self, message: str) -> None:
        self.message.setText(message)

    def _ask_and_save(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the results")
        if chosen:
            self.save_to(Path(chosen))

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.overlay.setRange(0, 100)
        self.overlay.setValue(50)
        self.overlay.setToolTip("Fixed image at the left, moved image at the right")
        for widget in (self.bar, self.stop):
            widget.hide()
        rows = QVBoxLayout(self)
        rows.addWidget(self.diffusion)
        rows.addWidget(self.choice)
        rows.addLayout(_row(self.run, self.stop, self.choice.both_ways, self.save, self.remove))
        rows.addWidget(self.bar)
        rows.addWidget(self.message)
        rows.addLayout(_row(QLabel("Fixed"), self.overlay, QLabel("moved")))
        rows.addLayout(_row(*self.looks.values()))
        for page, title in (
            (self.verdict, "Verdict"),
            (self.nudge, "By hand"),
            (self.landmarks, "Landmarks"),
        ):
            self.pages.addTab(page, title)
        rows.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.diffusion.clicked.connect(lambda: self.begin_diffusion())
        self.run.clicked.connect(lambda: self.begin())
        self.stop.clicked.connect(lambda: self.runner.cancel())
        self.save.clicked.connect(lambda: self._ask_and_save())
        self.remove.clicked.connect(lambda: self.take_away())
        self.overlay.valueChanged.connect(lambda value: self.canvas.blend(value / 100))
        for box in self.looks.values():
            box.toggled.connect(self._show_pictures)
        self.nudge.changed.connect(self._preview)
        self.nudge.drag_asked.connect(self._drag)
        self.landmarks.pick_asked.connect(self._pick)
        self.landmarks.changed.connect(self._on_landmarks)
        self.landmarks.shown.connect(lambda pair: self._bridge.centre_on(pair.fixed_lps_mm))
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)
        self._bridge.session.case_changed.connect(self._forget)
        self._bridge.layers_changed.connect(self._offer_outlines)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QSlider) else 0)
    return row
