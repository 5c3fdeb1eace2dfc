"""Video of ultrasound and endoscopy: MP4, AVI, MOV. Frames are decoded when they are looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.progress import Progress
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Acquisition, Modality
from napari_medassist.io.file_checks import (
    FETCH_AGAIN,
    first_bytes,
    name_without_ending,
    require_file,
)
from napari_medassist.io.format import FormatSpec, Loaded
from napari_medassist.io.lazy import lazy_array
from napari_medassist.io.video_frames import VideoFrames
from napari_medassist.io.video_index import VideoIndex, index_video

_EXTENSIONS = (".mp4", ".avi", ".mov", ".m4v")
#: A box of type "ftyp" (or, in old QuickTime files, another) whose brand is not one of still images.
_MP4 = re.compile(rb"^....(ftyp(?!heic|heix|hevc|mif1|msf1|avif|avis|M4A )|moov|mdat|wide|free)", re.S)
_AVI = re.compile(rb"^RIFF....AVI ", re.S)


@dataclass(frozen=True)
class _Picture:
    """What the first frame and the streams tell."""

    shape: tuple[int, ...]
    has_audio: bool
    warnings: tuple[str, ...]


def read(path: Path, progress: Progress) -> Loaded:
    """Read a clip.

    The frames are a lazy array of one frame a chunk. Grey videos stay grey, all others become RGB,
    8 bits. Times are those of the file, from its first frame. Rotation marks are not applied.

    Parameters
    ----------
    path
        The file.
    progress
        Told the packets that were counted; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If the file is missing or may not be read.
    CorruptFile
        If no frame can be read. If some can, they are, and a warning says how many.
    """
    require_file(path)
    progress(0, 1, f"Reading {path.name}")
    index = index_video(path, progress)
    picture = _first_picture(path)
    shape = (len(index.stamps), *picture.shape)
    frames = VideoFrames(path, index, shape)
    name = name_without_ending(path, _EXTENSIONS)
    clip = VideoClip(
        frames=lazy_array(frames),
        frame_times_s=index.times_s,
        name=name,
        acquisition=Acquisition(modality=Modality.US, description=name),
        has_audio=picture.has_audio,
        warnings=(*_missing_frames(index), *picture.warnings),
        provenance=Provenance(
            made_by="reader video", sources=(str(path),), software=f"PyAV {av.__version__}"
        ),
    )
    progress(1, 1, f"Read {path.name}")
    return Loaded(series=(clip,))


def is_video(path: Path) -> bool:
    """Tell from the first bytes whether a file is an MP4, QuickTime or AVI container."""
    begin = first_bytes(path, 16)
    return bool(_MP4.match(begin) or _AVI.match(begin))


def _first_picture(path: Path) -> _Picture:
    try:
        with av.open(path) as container:
            streams = container.streams
            frame = next(container.decode(streams.video[0]))
            return _Picture(
                shape=_shape(frame),
                has_audio=len(streams.audio) > 0,
                warnings=tuple(_doubts(frame, streams)),
            )
    except (av.FFmpegError, StopIteration) as error:
        raise CorruptFile(
            "No frame of the video can be decoded.", path=path, cure=FETCH_AGAIN
        ) from error


def _shape(frame: av.VideoFrame) -> tuple[int, ...]:
    size = (frame.height, frame.width)
    return size if frame.format.name.startswith("gray") else (*size, 3)


def _doubts(frame: av.VideoFrame, streams: av.container.streams.StreamContainer) -> list[str]:
    doubts = []
    aspect = streams.video[0].sample_aspect_ratio
    bits = max(component.bits for component in frame.format.components)
    if len(streams.video) > 1:
        doubts.append(f"The file holds {len(streams.video)} picture streams; the first is read.")
    if frame.rotation:
        doubts.append(f"The file asks to be turned by {frame.rotation} degrees; shown as stored.")
    if aspect not in (None, 0, 1):
        doubts.append(f"The pixels are not square (width : height = {aspect}); shown as stored.")
    if bits > np.iinfo(np.uint8).bits:
        doubts.append(f"The video has {bits} bits a colour; 8 are shown.")
    return doubts


def _missing_frames(index: VideoIndex) -> list[str]:
    readable, claimed = len(index.stamps), index.n_claimed
    if claimed <= readable:
        return []
    return [f"The file is cut short or damaged: {readable} of {claimed} frames can be read."]


FORMAT = FormatSpec(
    name="video",
    title="video (MP4, AVI, MOV)",
    extensions=_EXTENSIONS,
    read=read,
    sniff=is_video,
)
