"""Clips whose frames are one video stream: MPEG-2, H.264 and HEVC inside DICOM (endoscopy)."""

from __future__ import annotations

import io
import mmap
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID, MPEGTransferSyntaxes

from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.volume import Array
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.pixels import COPY_ANEW, pixel_items_start, require_memory, require_size
from napari_medassist.io.lazy import Frames, lazy_array

_CACHE_BYTES = 128 * 2**20
#: No frame of a video stream takes fewer bytes: its start code and header.
_SMALLEST_FRAME_BYTES = 8
_ITEM = bytes.fromhex("feff00e0")
_END = bytes.fromhex("feffdde0")


def is_video_stream(header: Header) -> bool:
    """Tell whether the pixels are a video stream, not one compressed image a frame."""
    return UID(header.transfer_syntax_uid) in MPEGTransferSyntaxes


def require_plausible_stream(header: Header) -> None:
    """Hold the number of frames that the header claims against the size of the file.

    Raises
    ------
    CorruptFile
        If the file cannot hold so many frames.
    TooLarge
        If the stream, or one frame, would not fit into memory.
    """
    require_size(header)
    size = header.path.stat().st_size
    require_memory(size + 2 * header.frame_bytes, header.path)
    if header.n_frames * _SMALLEST_FRAME_BYTES > size:
        raise CorruptFile(
            f"The header claims {header.n_frames:,} frames of video; the file has {size:,} bytes.",
            path=header.path,
            cure=COPY_ANEW,
        )


def video_frames(header: Header, tick: Callable[[], None], lazy_above_bytes: int) -> Array:
    """Read the frames of a video stream.

    Parameters
    ----------
    header
        What the header pass read.
    tick
        Called after each frame that is decoded now; may raise ``Cancelled``.
    lazy_above_bytes
        Clips that take more, decoded, are decoded when they are looked at.

    Returns
    -------
    numpy.ndarray or lazy array
        (t, y, x, 3) RGB, uint8.

    Raises
    ------
    CorruptFile
        If there is no stream, it cannot be decoded, or holds fewer frames than the header claims.
    """
    frames = StreamFrames(header)
    first = frames.frame(0)
    if first.nbytes * header.n_frames > lazy_above_bytes:
        return lazy_array(frames)
    whole = np.empty(frames.shape, dtype=np.uint8)
    for number in range(header.n_frames):
        whole[number] = frames.frame(number)
        tick()
    return whole


class StreamFrames(Frames):
    """Frames (t, y, x, 3) RGB of a video stream in a DICOM file, uint8, decoded on access.

    A bare stream has no time stamps, so a frame is known only by its place in the order of decoding:
    what lies before the last frame decoded, and is not kept in the bounded cache, is decoded from the
    beginning. Safe to use from several threads.
    """

    def __init__(self, header: Header) -> None:
        super().__init__((header.n_frames, header.rows, header.columns, 3), np.uint8)
        self.path = header.path
        self._room = max(4, _CACHE_BYTES // int(np.prod(self.shape[1:])))
        self._cache: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._decoded: Iterator[NDArray[Any]] = iter(())
        self._next = -1  # nothing is open yet

    def frame(self, number: int) -> NDArray[Any]:
        """Return one frame, (y, x, 3), read-only.

        Raises
        ------
        CorruptFile
            If the stream ends before it, cannot be decoded, or its frames are of another size.
        """
        with self._lock:
            if number not in self._cache:
                self._decode_to(number)
            self._cache.move_to_end(number)
            return self._cache[number]

    def _decode_to(self, number: int) -> None:
        if not 0 <= self._next <= number:
            self._decoded, self._next = _decoded(self.path), 0
        while self._next <= number:
            picture = next(self._decoded, None)
            if picture is None or picture.shape != self.shape[1:]:
                found = "ends" if picture is None else f"has frames of {picture.shape[:2]} pixels"
                claimed = f"{len(self)} frames of {self.shape[1:3]}"
                raise CorruptFile(
                    f"The video stream {found} at frame {self._next + 1}; the header claims {claimed}.",
                    path=self.path,
                    cure=COPY_ANEW,
                )
            self._keep(self._next, picture)
            self._next += 1

    def _keep(self, number: int, picture: NDArray[Any]) -> None:
        picture.setflags(write=False)
        self._cache[number] = picture
        while len(self._cache) > self._room:
            self._cache.popitem(last=False)


def _decoded(path: Path) -> Iterator[NDArray[Any]]:
    """Go through the frames from the first; the file is open as long as this goes on."""
    import av  # only these clips need it

    try:
        with av.open(io.BytesIO(_stream(path))) as container:
            for picture in container.decode(video=0):
                yield picture.to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise CorruptFile(
            f"The video stream cannot be decoded ({error}).", path=path, cure=COPY_ANEW
        ) from error


def _stream(path: Path) -> bytes:
    """Return the stream: the items of the pixel data, joined; the first is a table of offsets."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position, parts = pixel_items_start(content, path), []
        while content[position : position + 4] == _ITEM and position + 8 <= len(content):
            (length,) = struct.unpack_from("<I", content, position + 4)
            parts.append(content[position + 8 : position + 8 + length])
            position += 8 + length
        if content[position : position + 4] != _END:
            raise CorruptFile("The video stream breaks off.", path=path, cure=COPY_ANEW)
    return b"".join(parts[1:])
