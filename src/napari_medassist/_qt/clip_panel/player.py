"""Plays a clip in the viewer: a timer asks which frame is due, a thread decodes what comes."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Qt, QTimer, Signal

from napari_medassist._qt.bridge import Bridge
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.app.clips.playing import Playhead
from napari_medassist.app.clips.ready import ReadyFrames
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.video import VideoClip

_TICK_MS = 4
#: While playing, the frame is told so seldom: each redraw of the tab costs one of the whole window.
_TELL_EVERY_S = 0.2


class Player(QObject):
    """Shows frames of one clip, one after the other or as asked for.

    Signals
    -------
    frame_changed
        Emits the frame that is shown now; while playing, five times a second.
    playing_changed
        Emits whether the clip plays.
    told
        Emits what a user should know: the rate that was reached, a frame that cannot be decoded.

    Parameters
    ----------
    bridge
        The link to the viewer.
    clip, key
        The clip.
    layer
        The layer that shows it. If its frames are lazy, it shows them through a store of frames that
        were decoded ahead from now on.
    """

    frame_changed = Signal(int)
    playing_changed = Signal(bool)
    told = Signal(str)

    def __init__(self, bridge: Bridge, clip: VideoClip, key: ClipKey, layer: Image) -> None:
        super().__init__()
        self._bridge, self.key, self.layer = bridge, key, layer
        self.head = Playhead(key)
        self._ready: ReadyFrames | None = None
        self._told_at = 0.0
        self._told_damaged: set[int] = set()
        if not isinstance(clip.frames, np.ndarray):
            self._ready = ReadyFrames(clip.frames)
            layer.data = self._ready
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        bridge.viewer.dims.events.point.connect(self._on_point)

    @property
    def frame(self) -> int:
        """The frame that the viewer shows."""
        dims = self._bridge.viewer.dims
        axis = dims.ndim - self.layer.ndim
        if axis < 0 or len(dims.point) <= axis:
            return 0
        found = round(float(dims.point[axis] - self.layer.translate[0]) / float(self.layer.scale[0]))
        return min(max(found, 0), self.key.n_frames - 1)

    def go_to(self, frame: int) -> None:
        """Show a frame; the first or last one if it lies outside. Playing goes on from there."""
        frame = min(max(frame, 0), self.key.n_frames - 1)
        self._show(frame)
        if self.head.is_playing:
            self.head.start(frame)

    def step(self, n: int) -> None:
        """Stop, and go some frames on (or back)."""
        self.stop()
        self.go_to(self.frame + n)

    def toggle(self) -> None:
        """Play, or stop."""
        if self.head.is_playing:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Play from the frame that is shown."""
        self.head.start(self.frame)
        self._timer.start()
        self.playing_changed.emit(True)  # noqa: FBT003 - a signal of Qt

    def stop(self) -> None:
        """Stop; tells the rate that was reached."""
        if not self.head.is_playing:
            return
        tally = self.head.tally()
        self._timer.stop()
        self.head.stop()
        if self._ready is not None:
            self._ready.want([])
        self.playing_changed.emit(False)  # noqa: FBT003 - a signal of Qt
        self.frame_changed.emit(self.frame)
        self.told.emit(f"Played {tally.in_words(self.head.speed)}.")

    def close(self) -> None:
        """Stop, end the thread, and hear of the viewer no more."""
        self._timer.stop()
        self.head.stop()
        if self._ready is not None:
            self._ready.rest()
        self._bridge.viewer.dims.events.point.disconnect(self._on_point)

    def _tick(self) -> None:
        due = self.head.due()
        if due is None:
            self.stop()
            return
        shown, frame = self.frame, due
        if self._ready is not None:
            self._ready.want(self.head.following(due, self._ready.room))
            self._tell_damaged(self._ready)
            found = self._ready.newest_ready(due, shown)
            if found is None or found < self.head.first:
                return
            frame = found
        if frame != shown:
            self._show(frame)
        self.head.count(frame)

    def _tell_damaged(self, ready: ReadyFrames) -> None:
        """Tell each frame that the thread could not decode once, also if no tick fell into its time."""
        for frame, why in list(ready.damaged.items()):
            if frame not in self._told_damaged:
                self._told_damaged.add(frame)
                self.told.emit(f"Frame {frame} is passed over: {why}")

    def _show(self, frame: int) -> None:
        dims = self._bridge.viewer.dims
        axis = dims.ndim - self.layer.ndim
        try:
            dims.set_point(axis, frame * float(self.layer.scale[0]) + float(self.layer.translate[0]))
        except MedAssistError as error:  # the frame is damaged: the one before stays on the canvas
            self.told.emit(str(error))

    def _on_point(self, _event: Any) -> None:
        now = perf_counter()
        if not self.head.is_playing or now - self._told_at > _TELL_EVERY_S:
            self._told_at = now
            self.frame_changed.emit(self.frame)
