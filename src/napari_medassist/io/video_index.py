"""Where each frame of a video lies: an index that makes random access exact.

The count of a container's header is often wrong, so packets are counted. Their time stamps give the
order in which frames are shown, but not in every file (AVI with H.264 has none of its own): such files
are decoded once, and the order in which the decoder puts the frames out is the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.progress import Progress
from napari_medassist.io.file_checks import FETCH_AGAIN

_REPORT_EVERY = 500


@dataclass(frozen=True)
class KeyFrame:
    """A frame that can be decoded without those before it.

    Parameters
    ----------
    frame
        Its place in the order of showing.
    seek_to
        The time stamp to seek to, in the stream's time base.
    """

    frame: int
    seek_to: int


@dataclass(frozen=True)
class VideoIndex:
    """The frames of a video's first picture stream, in the order in which they are shown.

    Parameters
    ----------
    stamps
        The time stamp that the decoder gives each frame; each occurs once.
    times_s
        Seconds from the first frame; never falling.
    key_frames
        Rising; the first is where decoding has to begin for frame 0.
    n_claimed
        Number of frames that the header claims; 0 if it claims nothing.
    """

    stamps: tuple[int, ...]
    times_s: tuple[float, ...]
    key_frames: tuple[KeyFrame, ...]
    n_claimed: int


@dataclass(frozen=True)
class _Packet:
    stamp: int | None
    decode_stamp: int | None
    is_key: bool


@dataclass(frozen=True)
class _Stream:
    """What one pass over the packets tells of a picture stream."""

    packets: tuple[_Packet, ...]
    time_base_s: float
    n_claimed: int
    may_reorder: bool


def index_video(path: Path, progress: Progress) -> VideoIndex:
    """Count the frames of a video and find their times.

    Parameters
    ----------
    path
        The file.
    progress
        Told the packets read and the frames decoded; may raise ``Cancelled``.

    Raises
    ------
    CorruptFile
        If the file holds no picture stream, no frame, or time stamps that do not tell frames apart.
    """
    try:
        stream = _read_packets(path, progress)
        stamps = _shown_order(stream.packets)
        if stamps is None or _is_doubtful(stream, stamps):
            stamps = _decoded_order(path, progress)
    except (av.FFmpegError, IndexError) as error:
        reason = getattr(error, "strerror", None) or "it holds no pictures"
        raise CorruptFile(
            f"The video cannot be opened ({reason}).", path=path, cure=FETCH_AGAIN
        ) from error
    if not stamps:
        raise CorruptFile("No frame of the video can be decoded.", path=path, cure=FETCH_AGAIN)
    first = min(stamps)
    return VideoIndex(
        stamps=stamps,
        times_s=tuple((stamp - first) * stream.time_base_s for stamp in sorted(stamps)),
        key_frames=_key_frames(stamps, stream.packets),
        n_claimed=stream.n_claimed,
    )


def readable_packets(container: InputContainer) -> Iterator[av.Packet]:
    """Go through the packets of the first picture stream; a damaged tail ends them."""
    packets = container.demux(container.streams.video[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if not packet.is_corrupt:
            yield packet


def decoded_frames(container: InputContainer) -> Iterator[av.VideoFrame]:
    """Go through the frames from where the container stands; undecodable packets are passed over."""
    for packet in readable_packets(container):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        yield from frames


def _read_packets(path: Path, progress: Progress) -> _Stream:
    found = []
    with av.open(path) as container:
        stream = container.streams.video[0]
        for packet in readable_packets(container):
            if packet.size and not packet.is_discard:
                found.append(_Packet(packet.pts, packet.dts, bool(packet.is_keyframe)))
            if len(found) % _REPORT_EVERY == 1:
                progress(len(found), max(stream.frames, len(found)), f"Reading {path.name}")
        return _Stream(
            packets=tuple(found),
            time_base_s=float(stream.time_base),
            n_claimed=int(stream.frames),
            may_reorder=bool(stream.codec_context.has_b_frames),
        )


def _shown_order(packets: tuple[_Packet, ...]) -> tuple[int, ...] | None:
    """Return the packets' time stamps in rising order; None if they do not tell frames apart."""
    stamps = [packet.stamp for packet in packets if packet.stamp is not None]
    is_usable = len(set(stamps)) == len(packets)
    return tuple(sorted(stamps)) if is_usable else None


def _is_doubtful(stream: _Stream, stamps: tuple[int, ...]) -> bool:
    """Tell whether the order, or the count, can only be known by decoding."""
    hides_its_order = stream.may_reorder and [p.stamp for p in stream.packets] == list(stamps)
    return hides_its_order or stream.n_claimed not in (0, len(stamps))


def _decoded_order(path: Path, progress: Progress) -> tuple[int, ...]:
    stamps: list[int] = []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in decoded_frames(container):
            if len(stamps) % _REPORT_EVERY == 0:
                progress(len(stamps), max(stream.frames, len(stamps)), f"Decoding {path.name}")
            stamps.append(frame.pts)
    if None in stamps or len(set(stamps)) != len(stamps):
        raise CorruptFile(
            "The time stamps of the video do not tell its frames apart.",
            path=path,
            cure="Convert it once with a video program, e.g. to MP4.",
        )
    return tuple(stamps)


def _key_frames(stamps: tuple[int, ...], packets: tuple[_Packet, ...]) -> tuple[KeyFrame, ...]:
    place = {stamp: frame for frame, stamp in enumerate(stamps)}
    starts = [p.decode_stamp if p.decode_stamp is not None else p.stamp for p in packets]
    begin = min((start for start in starts if start is not None), default=0)
    found = {0: begin}
    for packet, start in zip(packets, starts, strict=True):
        if packet.is_key and start is not None and packet.stamp in place:
            found.setdefault(place[packet.stamp], start)
    return tuple(KeyFrame(frame, start) for frame, start in sorted(found.items()))
