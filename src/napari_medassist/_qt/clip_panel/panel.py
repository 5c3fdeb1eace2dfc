"""The tab "Clip": play, mark and label the clip that is open. Its keys are in :mod:`.keys`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.clip_panel.comments import CommentBox
from napari_medassist._qt.clip_panel.form import ClipForm
from napari_medassist._qt.clip_panel.keys import ClipKeys
from napari_medassist._qt.clip_panel.masks import ClipMasks
from napari_medassist._qt.clip_panel.player import Player
from napari_medassist._qt.clip_panel.readers import ReadersBox
from napari_medassist._qt.threads import Runner, run_with_dialog
from napari_medassist.annotation.clips.files import read_label_set, write_label_set
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.annotation.clips.table import LabelSet
from napari_medassist.app.acts import Act
from napari_medassist.app.browser.work import Work
from napari_medassist.app.clips.commenting import sound_of
from napari_medassist.app.clips.frame_set import write_frame_set
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.mask_layers import key_of
from napari_medassist.app.clips.sound_shape import SoundShape, sound_shape
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.video import VideoClip

_FILES = "Ranges (*.csv *.json)"
_MASKS = "Masks (*.nrrd *.nii.gz *.mha)"


class ClipPanel(QWidget):
    """Plays the clip that is open and labels its frames.

    Ranges and masks are kept by the recording of the case.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.

    Signals
    -------
    clip_changed
        Emits whether a clip is open.
    """

    clip_changed = Signal(bool)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.form, self.comments = ClipForm(), CommentBox(self._shown_frame)
        self.readers = ReadersBox(self._shown_frame)
        self.form.add_below_ranges(self.comments)
        self.form.add_below_ranges(self.readers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        self.player: Player | None = None
        self.masks: ClipMasks | None = None
        self.work: ClipLabelling | None = None
        self._works: dict[str, ClipLabelling] = {}
        self._clip: VideoClip | None = None
        self._runner = Runner(self, threads=1)
        self._keys = ClipKeys(bridge.viewer, self.act)
        self._acts = self._all_acts()
        self._connect()
        self._follow()

    @property
    def clip(self) -> VideoClip | None:
        """The clip that is open."""
        return self._clip

    def act(self, name: str) -> None:
        """Do what a button or key says; errors are told in the panel's line."""
        try:
            self._acts[name]()
        except MedAssistError as error:
            self.form.tell(str(error))

    # ---------------------------------------------------------------- which clip

    def _follow(self, _event: Any = None) -> None:
        """Take up the clip of the selected layer, else the first one of the case."""
        self._keys.give_to(() if self.masks is None else self.masks.all())
        case = self._bridge.session.case
        clips = () if case is None else case.clips()
        shown = [c for c in clips if self._bridge.layer_of(c) is not None]
        active = self._bridge.viewer.layers.selection.active
        chosen = next((c for c in shown if self._bridge.layer_of(c) is active), None)
        if chosen is None and self._clip in shown:
            return
        chosen = chosen or next(iter(shown), None)
        if chosen is self._clip:
            return
        self._let_go()
        self._clip = chosen
        self.clip_changed.emit(chosen is not None)
        if chosen is not None:
            self.form.tell("The clip is looked at ...")
            self._runner.start(self._key_work(chosen))

    def _key_work(self, clip: VideoClip) -> Work[ClipKey]:
        """Return the work that finds the key: it decodes frames, so the window does not wait for it."""
        return Work(
            title="Looking at the clip",
            run=lambda _progress: key_of(clip),
            accept=lambda key: self._take_up(clip, key),
            fail=lambda error: self.form.tell(f"The clip cannot be labelled: {error}"),
            is_current=lambda: clip is self._clip,
            is_quick=True,
        )

    def _sound_work(self, clip: VideoClip, path: Path) -> Work[SoundShape]:
        """Return the work that finds how loud the sound is; without it the time line has no sound."""
        return Work(
            title="Listening to the clip",
            run=lambda progress: sound_shape(path, progress),
            accept=lambda shape: self.form.time_line.show_sound(shape),
            fail=lambda error: self.form.tell(f"The sound cannot be shown: {error}"),
            is_current=lambda: clip is self._clip,
            is_quick=True,
        )

    def _take_up(self, clip: VideoClip, key: ClipKey) -> None:
        layer = self._bridge.layer_of(clip)
        if clip is not self._clip or not isinstance(layer, Image):
            return
        if key.fingerprint not in self._works:
            recording = self._bridge.recorder.recording
            self._works[key.fingerprint] = ClipLabelling(key, recording=recording)
        self.work = self._works[key.fingerprint]
        self.work.changed.connect(self._show)
        self.player = Player(self._bridge, clip, key, layer)
        self.player.told.connect(self.form.tell)
        self.player.frame_changed.connect(self.form.show_frame)
        self.player.playing_changed.connect(self.form.show_playing)
        self.masks = ClipMasks(self._bridge, clip, key)
        self.comments.show_clip(self.work, sound_of(clip))
        self.readers.show_clip(self.work)
        self._keys.bind(layer)
        self._keys.give_to(self.masks.all())
        self.form.show_clip(clip, key)
        if (path := sound_of(clip)) is not None:
            self._runner.start(self._sound_work(clip, path))
        self._show()
        self._set_pace()
        self.form.show_frame(self.player.frame)

    def _let_go(self) -> None:
        if self.player is not None:
            self.player.close()
            self.player.deleteLater()
        if self.work is not None:
            self.work.changed.disconnect(self._show)
        self.player = self.masks = self.work = self._clip = None
        self.comments.show_clip(None, None)
        self.readers.show_clip(None)
        self._keys.unbind()
        self.form.show_clip(None, None)
        self._show()

    def _show(self) -> None:
        self.form.show_work(self.work)

    # ---------------------------------------------------------------- acts

    def _all_acts(self) -> dict[str, Callable[[], object]]:
        return {
            "play": lambda: self._playing().toggle(),
            "back": lambda: self._playing().step(-1),
            "on": lambda: self._playing().step(1),
            "in": lambda: self._labelling().mark(first=self._playing().frame),
            "out": lambda: self._labelling().mark(last=self._playing().frame),
            "loop": self.form.loop.toggle,
            "label": lambda: self._labelling().add_marked(self.form.chosen_label()),
            "split": lambda: self._edit(lambda t: t.split(self._one_row(), self._playing().frame)),
            "merge": lambda: self._edit(lambda t: t.merge(self.form.rows.chosen())),
            "trim": self._trim,
            "remove": lambda: self._edit(lambda t: t.remove(self._one_row())),
            "export": self._export,
            "import": self._import,
            "frames": self._export_frames,
            "template": self._open_template,
            "save template": self._save_template,
            "next doubtful": lambda: self.comments.review("next"),
            "right": lambda: self.comments.review("right"),
            "wrong": lambda: self.comments.review("wrong"),
            "new mask": lambda: self._masks().new(),
            "interpolate": lambda: self.form.tell(self._masks().interpolate()),
            "copy": self._copy_mask,
            "save mask": self._save_mask,
            "open mask": self._open_mask,
        }

    def _edit(self, action: Callable[[Any], Any]) -> None:
        work = self._labelling()
        work.do(action(work.table))

    def _trim(self) -> None:
        """Give the selected range the ends that are marked."""
        work, row = self._labelling(), self._one_row()
        ends = {"first": work.mark_in, "last": work.mark_out}
        marked = {name: frame for name, frame in ends.items() if frame is not None}
        if not marked:
            raise InvalidSetting("No mark is set.", cure="Mark the new in (I) or out (O) first.")
        work.change(row, **marked)

    def _edited(self, row: str, field: str, text: str) -> None:
        """Take over what was written into the table; what is refused is shown as it was."""
        try:
            is_frame = field in ("first", "last")
            if is_frame and not text.isdecimal():
                raise InvalidSetting(f"'{text}' is no frame number.")
            self._labelling().change(row, **{field: int(text) if is_frame else text})
        except MedAssistError as error:
            self.form.tell(str(error))
            self._show()

    def _trimmed(self, row: str, first: int, last: int) -> None:
        """Give a range the end that was dragged; if the rules forbid it, it stays as it was."""
        try:
            self._labelling().change(row, first=first, last=last)
        except MedAssistError as error:
            self.form.tell(str(error))

    def _copy_mask(self) -> None:
        player = self._playing()
        self.form.tell(self._masks().copy_to_next(player.frame))
        player.step(1)

    def _set_pace(self, _value: object = None) -> None:
        """Play at the chosen speed, and over the selected range, the marks, or the whole clip."""
        if self.player is None or self.work is None:
            return
        first, last = 0, self.work.key.n_frames - 1
        chosen, rows = self.form.rows.chosen(), self.work.rows()
        if self.form.loop.isChecked():
            if chosen and chosen[0] in rows:
                first, last = rows[chosen[0]].first, rows[chosen[0]].last
            elif self.work.mark_in is not None and self.work.mark_out is not None:
                first, last = self.work.mark_in, self.work.mark_out
        self.player.head.set_speed(self.form.chosen_speed())
        self.player.head.set_loop(first, last, loops=self.form.loop.isChecked())

    def _set_overlap(self, allows: bool) -> None:  # noqa: FBT001 - a slot of Qt
        try:
            work = self._labelling()
            work.set_labels(LabelSet(work.labels.names, allows, work.labels.name))
        except MedAssistError as error:
            self.form.tell(str(error))
            self._show()

    # ---------------------------------------------------------------- files

    def _export(self) -> None:
        work = self._labelling()
        path = self._asked_to_save("Export ranges", "ranges.csv", _FILES)
        if path is not None:
            self.form.tell(f"{work.export(path)} ranges written to {path.name}.")

    def _export_frames(self) -> None:
        work, clip = self._labelling(), self._clip
        folder = self._asked_to_save("Write frames into a new folder", "frames", "")
        if folder is not None and clip is not None:
            ranges = list(work.rows().values())
            made = run_with_dialog(
                "Writing frames",
                lambda progress: write_frame_set(clip, work.key, ranges, folder, progress),
                self,
            )
            self.form.tell(made.in_words())

    def _import(self) -> None:
        work, path = self._labelling(), self._asked_to_open("Import ranges", _FILES)
        if path is not None:
            self.form.tell(f"{work.take(path)} new ranges read from {path.name}.")

    def _open_template(self) -> None:
        work, path = self._labelling(), self._asked_to_open("Open labels", "Labels (*.txt)")
        if path is not None:
            work.set_labels(read_label_set(path))

    def _save_template(self) -> None:
        work, path = self._labelling(), self._asked_to_save("Save labels", "labels.txt", "*.txt")
        if path is not None:
            write_label_set(path, work.labels)

    def _save_mask(self) -> None:
        masks = self._masks()
        masks.layer()
        path = self._asked_to_save("Save masks", "masks.nrrd", _MASKS)
        if path is not None:
            run_with_dialog(f"Saving {path.name}", lambda _progress: masks.save(path), self)
            self.form.tell(f"Masks written to {path.name}.")

    def _open_mask(self) -> None:
        masks, path = self._masks(), self._asked_to_open("Open masks", _MASKS)
        if path is not None:
            masks.open(path)

    def _asked_to_save(self, title: str, name: str, kinds: str) -> Path | None:
        chosen, _ = QFileDialog.getSaveFileName(self, title, name, kinds)
        return Path(chosen) if chosen else None

    def _asked_to_open(self, title: str, kinds: str) -> Path | None:
        chosen, _ = QFileDialog.getOpenFileName(self, title, "", kinds)
        return Path(chosen) if chosen else None

    # ---------------------------------------------------------------- what must be there

    def _playing(self) -> Player:
        if self.player is None:
            raise InvalidSetting("No clip is open.")
        return self.player

    def _labelling(self) -> ClipLabelling:
        if self.work is None:
            raise InvalidSetting("No clip is open.")
        return self.work

    def _masks(self) -> ClipMasks:
        if self.masks is None:
            raise InvalidSetting("No clip is open.")
        return self.masks

    def _one_row(self) -> str:
        chosen = self.form.rows.chosen()
        if len(chosen) != 1:
            raise InvalidSetting("Select one range in the table first.")
        return chosen[0]

    def _connect(self) -> None:
        form, viewer = self.form, self._bridge.viewer
        form.asked.connect(self.act)
        form.time_line.trimmed.connect(self._trimmed)
        form.sought.connect(lambda frame: self.player.go_to(frame) if self.player else None)
        form.rows.edited.connect(self._edited)
        form.rows.itemSelectionChanged.connect(self._set_pace)
        form.rows.itemSelectionChanged.connect(self._show_chosen)
        self.comments.told.connect(form.tell)
        self.readers.told.connect(form.tell)
        self.readers.sought.connect(form.sought)
        self.readers.changed.connect(lambda: form.time_line.show_readers(self.readers.readers))
        self.comments.wanted.connect(self._go_to_row)
        self.comments.begins.connect(self._quieten_commands)
        form.loop.toggled.connect(self._set_pace)
        form.speed.currentIndexChanged.connect(self._set_pace)
        form.overlap.clicked.connect(self._set_overlap)
        self._bridge.layers_changed.connect(self._follow)
        self._bridge.session.case_changed.connect(self._follow)
        viewer.layers.selection.events.active.connect(self._follow)
        acts = self._bridge.session.acts
        acts.offer(Act.CLIP, self._spoken)
        acts.offer(Act.CLIP_FRAME, self._shown_frame)

    def _show_chosen(self) -> None:
        chosen = self.form.rows.chosen()
        self.comments.show_row(chosen[0] if len(chosen) == 1 else "")

    def _go_to_row(self, row: str) -> None:
        """Select a range and show its first frame."""
        found = self._labelling().rows()[row]
        self.form.rows.choose(row)
        self._playing().go_to(found.first)

    def _quieten_commands(self) -> None:
        """Let the tab Voice listen no more: comments are no commands."""
        with suppress(InvalidSetting):
            self._bridge.session.acts.ask(Act.STOP_LISTENING)

    def _shown_frame(self) -> int | None:
        return None if self.player is None else self.player.frame

    def _spoken(self, name: str) -> str:
        """Do what was said to the clip, and say what was done."""
        player = self._playing()
        if name in ("play", "pause"):
            if player.head.is_playing is not (name == "play"):
                player.toggle()
            return "Playing" if name == "play" else f"Paused at frame {player.frame}"
        self._acts[name]()
        return f"Marked {name}" if name in ("in", "out") else f"Frame {player.frame}"
