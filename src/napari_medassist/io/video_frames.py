"""The frames of a video file as an array that decodes what is asked for."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile
from napari_medassist.io.file_checks import FETCH_AGAIN
from napari_medassist.io.lazy import Frames
from napari_medassist.io.video_index import VideoIndex, decoded_frames

_CACHE_BYTES = 128 * 1024**2


class VideoFrames(Frames):
    """Frames (t, y, x) grey or (t, y, x, 3) RGB, uint8, decoded on access.

    A frame is reached from the last key frame before it, or from where the last access stopped if that
    is nearer. The frames on the way are kept in a bounded cache, so that playing and stepping back do
    not decode twice. Safe to use from several threads; the file is open only between the first access
    and :meth:`close` (or the end of the object's life).

    Parameters
    ----------
    path
        The file.
    index
        Its frames.
    shape
        (t, y, x) or (t, y, x, 3).
    """

    def __init__(self, path: Path, index: VideoIndex, shape: tuple[int, ...]) -> None:
        super().__init__(shape, np.uint8)
        self.path = path
        self._index = index
        self._place = {stamp: frame for frame, stamp in enumerate(index.stamps)}
        self._key_places = [key.frame for key in index.key_frames]
        self._room = max(4, _CACHE_BYTES // int(np.prod(shape[1:])))
        self._cache: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.RLock()
        self._container: InputContainer | None = None
        self._decoder: Iterator[av.VideoFrame] = iter(())
        self._next_frame = 0

    def frame(self, number: int) -> NDArray[np.uint8]:
        """Return one frame, (y, x) or (y, x, 3), read-only.

        Raises
        ------
        CorruptFile
            If it cannot be decoded.
        """
        with self._lock:
            if number not in self._cache:
                self._decode(number)
            self._cache.move_to_end(number)
            return self._cache[number]

    def close(self) -> None:
        """Close the file; the next access opens it again."""
        with self._lock:
            if self._container is not None:
                self._container.close()
            self._container = None
            self._decoder = iter(())

    def __del__(self) -> None:
        """Close the file at the end of the object's life."""
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what cannot go to another process: the open file, the lock, the cache."""
        return {"path": self.path, "index": self._index, "shape": self.shape}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start anew from path, index and shape."""
        self.__init__(**state)  # type: ignore[misc]  # the same steps as for a new object

    def _decode(self, number: int) -> None:
        """Bring a frame into the cache, from ever earlier key frames if a seek lands too late."""
        begin = bisect_right(self._key_places, number) - 1
        is_ahead = self._key_places[begin] <= self._next_frame <= number
        if self._container is not None and is_ahead and self._decode_on(number):
            return
        for key in range(begin, -1, -1):
            self._seek(key)
            if self._decode_on(number):
                return
        raise CorruptFile(
            f"Frame {number + 1} of {len(self)} cannot be decoded.", path=self.path, cure=FETCH_AGAIN
        )

    def _seek(self, key: int) -> None:
        try:
            if self._container is None:
                self._container = av.open(self.path)
            stream = self._container.streams.video[0]
            self._container.seek(self._index.key_frames[key].seek_to, stream=stream, backward=True)
        except (OSError, IndexError) as error:  # av's errors are OSErrors too
            raise CorruptFile(
                f"The video cannot be read any more ({error}).", path=self.path, cure=FETCH_AGAIN
            ) from error
        self._decoder = decoded_frames(self._container)

    def _decode_on(self, number: int) -> bool:
        """Decode until a frame is there; False if the stream goes past it or ends."""
        for picture in self._decoder:
            place = self._place.get(picture.pts)
            if place is None:
                continue
            self._next_frame = place + 1
            if place <= number < place + self._room:
                self._keep(place, picture)
            if place >= number:
                return place == number
        return False

    def _keep(self, place: int, picture: av.VideoFrame) -> None:
        pixels = picture.to_ndarray(format="gray" if self.ndim == 3 else "rgb24")
        pixels.setflags(write=False)
        self._cache[place] = pixels
        self._cache.move_to_end(place)
        while len(self._cache) > self._room:
            self._cache.popitem(last=False)
