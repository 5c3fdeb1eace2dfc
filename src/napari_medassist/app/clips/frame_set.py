"""Labelled frames of a clip as a training set: pictures, and a table of every frame."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.app.clips.commenting import is_doubtful
from napari_medassist.app.clips.frame_quality import FrameQuality, frame_quality
from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.video import VideoClip

TABLE = "frames.csv"
COLUMNS = ("frame", "time_s", "label", "doubtful", "source", "quality", "poor", "file")


@dataclass(frozen=True)
class FrameSet:
    """What was written.

    Attributes
    ----------
    n_pictures
        Frames with one label that are neither doubtful nor poor.
    n_unlabelled, n_doubtful, n_several, n_poor
        Frames that were left out, each counted once, for the first reason of these.
    """

    n_pictures: int
    n_unlabelled: int
    n_doubtful: int
    n_several: int
    n_poor: int

    def in_words(self) -> str:
        """Return the counts in a sentence."""
        return (
            f"{self.n_pictures} frames written; left out: {self.n_unlabelled} without a label, "
            f"{self.n_doubtful} doubtful, {self.n_several} with several labels, {self.n_poor} of poor "
            "quality."
        )


def write_frame_set(
    clip: VideoClip,
    key: ClipKey,
    ranges: Iterable[FrameRange],
    folder: Path,
    progress: Progress = silent,
) -> FrameSet:
    """Write the frames that can be learned from, a folder a label, and ``frames.csv`` with every frame.

    Parameters
    ----------
    clip, key
        The clip.
    ranges
        Its labels.
    folder
        The folder to make; it must not be there. It appears when all is written.
    progress
        Told of each frame; may raise ``Cancelled``.

    Raises
    ------
    InvalidSetting
        If the folder is there, no frame has a label, or two labels would share a folder.
    WriteFailed
        If something cannot be written.
    """
    found = list(ranges)
    _require_room(folder, found)
    quality = frame_quality(clip.frames, progress)
    part = folder.with_name(f".{uuid4().hex[:12]}.part.{folder.name}")
    try:
        part.mkdir()
        rows, counts = _written(clip, key, found, quality, part, progress)
        with (part / TABLE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        part.rename(folder)
    except OSError as error:
        raise WriteFailed(
            f"The frames cannot be written ({error.strerror or error}).",
            path=folder,
            cure="Make room, or choose another place.",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return counts


def _written(
    clip: VideoClip,
    key: ClipKey,
    ranges: list[FrameRange],
    quality: FrameQuality,
    folder: Path,
    progress: Progress,
) -> tuple[list[dict[str, object]], FrameSet]:
    rows: list[dict[str, object]] = []
    counts = dict.fromkeys(("pictures", "unlabelled", "doubtful", "several", "poor"), 0)
    for number in range(clip.n_frames):
        progress(number, clip.n_frames, "Writing frames")
        here = [one for one in ranges if one.first <= number <= one.last]
        kind = _kind(here, is_poor=bool(quality.is_poor[number]))
        counts[kind] += 1
        file = ""
        if kind == "pictures":
            file = f"{_folder_name(here[0].label)}/{number:06d}.png"
            (folder / file).parent.mkdir(exist_ok=True)
            Image.fromarray(_picture(np.asarray(clip.frames[number]))).save(folder / file)
        rows.append(
            {
                "frame": number,
                "time_s": round(key.times_s[number], 6),
                "label": "; ".join(one.label for one in here),
                "doubtful": int(any(map(is_doubtful, here))),
                "source": "; ".join(one.source for one in here),
                "quality": round(float(quality.score[number]), 4),
                "poor": int(quality.is_poor[number]),
                "file": file,
            }
        )
    return rows, FrameSet(*counts.values())


def _kind(here: list[FrameRange], *, is_poor: bool) -> str:
    if not here:
        return "unlabelled"
    if any(map(is_doubtful, here)):
        return "doubtful"
    if len(here) > 1:
        return "several"
    return "poor" if is_poor else "pictures"


def _picture(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8)
    raise InvalidSetting(
        f"Frames of {pixels.dtype} cannot be written as pictures without a loss.",
        cure="Export the ranges, and read the frames from the clip itself.",
    )


def _require_room(folder: Path, ranges: list[FrameRange]) -> None:
    if folder.exists():
        raise InvalidSetting(f"'{folder.name}' is there already.", cure="Choose another name.")
    if not ranges:
        raise InvalidSetting("No frame has a label.")
    names: dict[str, str] = {}
    for label in dict.fromkeys(one.label for one in ranges):
        other = names.setdefault(_folder_name(label).casefold(), label)
        if other != label:
            raise InvalidSetting(f"'{label}' and '{other}' would share a folder.", cure="Rename one.")


def _folder_name(label: str) -> str:
    kept = "".join(c if c.isalnum() or c in " -_" else "_" for c in label).strip()
    return kept or "_"
