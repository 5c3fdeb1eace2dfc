"""Frames that were decoded beforehand in another thread, so that whoever shows them need not wait."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.volume import Array
from napari_medassist.io.lazy import Frames, frames_of

#: What is kept decoded ahead of the frame that is shown.
_AHEAD_BYTES = 128 * 1024**2
_LEAST, _MOST = 4, 48


class ReadyFrames(Frames):
    """The frames of a clip; those that a thread has decoded ahead are there at once.

    Parameters
    ----------
    source
        The frames of the clip, (t, y, x) or (t, y, x, 3); may be lazy.
    """

    def __init__(self, source: Array) -> None:
        super().__init__(tuple(int(n) for n in source.shape), source.dtype)
        self._source = frames_of(source)
        self.size = int(np.prod(self.shape, dtype=np.int64))  # asked for by napari
        self.room = int(np.clip(_AHEAD_BYTES // self._frame_bytes(), _LEAST, _MOST))
        self.damaged: dict[int, str] = {}
        self._ready: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._wanted: list[int] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def frame(self, number: int) -> NDArray[Any]:
        """Return one frame; decodes it here if it is not ready."""
        with self._change:
            found = self._ready.get(number)
        return np.asarray(self._source[number]) if found is None else found

    def newest_ready(self, due: int, after: int | None) -> int | None:
        """Return the frame that is ready and nearest before what is due, but after another one."""
        with self._change:
            later = [n for n in self._ready if n <= due and (after is None or n > after or after > due)]
        return max(later, default=None)

    def want(self, numbers: list[int]) -> None:
        """Decode these frames ahead, in this order, in place of those that were wanted before."""
        with self._change:
            self._wanted = numbers[: self.room]
            if self._thread is None:
                self._thread = threading.Thread(target=self._decode, name="clip frames", daemon=True)
                self._thread.start()
            self._change.notify()

    def rest(self) -> None:
        """Decode nothing more, end the thread and free what it made."""
        with self._change:
            self._wanted, thread, self._thread = [], self._thread, None
            self._ready.clear()
            self._change.notify()
        if thread is not None:
            thread.join(timeout=2)

    def _decode(self) -> None:
        """Decode what is wanted; runs in the thread until :meth:`rest`."""
        me = threading.current_thread()
        while True:
            with self._change:
                number = self._next()
                while number is None and self._thread is me:
                    self._change.wait()
                    number = self._next()
                if self._thread is not me or number is None:
                    return
            try:
                pixels = np.asarray(self._source[number])
            except Exception as error:  # noqa: BLE001 - told by whoever shows the frames
                self.damaged[number] = str(error)
                continue
            with self._change:
                if self._thread is me:
                    self._keep(number, pixels)

    def _next(self) -> int | None:
        missing = (n for n in self._wanted if n not in self._ready and n not in self.damaged)
        return next(missing, None)

    def _keep(self, number: int, pixels: NDArray[Any]) -> None:
        self._ready[number] = pixels
        for old in [n for n in self._ready if n not in self._wanted and n != number]:
            if len(self._ready) <= self.room:
                break
            del self._ready[old]
        while len(self._ready) > self.room + 1:
            self._ready.popitem(last=False)

    def _frame_bytes(self) -> int:
        n_bytes = int(np.prod(self.shape[1:])) * int(self.dtype.itemsize)
        return max(1, n_bytes)
