"""Labelled frames written as a training set."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.app.clips.frame_quality import frame_quality
from napari_medassist.app.clips.frame_set import TABLE, FrameSet, write_frame_set
from napari_medassist.core.errors import Cancelled, InvalidSetting
from napari_medassist.core.video import VideoClip

N, POOR = 20, (7, 8)


def _clip() -> VideoClip:
    """Speckle in a sector; two frames without contact: bright near the face, dark below."""
    rng = np.random.default_rng(0)
    frames = rng.integers(40, 200, (N, 64, 80), dtype=np.uint8)
    frames[:, :, :16] = 0
    for k in POOR:
        frames[k, 12:] = 3
    return VideoClip(frames, tuple(k / 10 for k in range(N)), name="clip")


RANGES = (
    FrameRange(0, 9, "liver"),
    FrameRange(9, 11, "aorta"),
    FrameRange(14, 16, "bile duct", "doubtful; also: liver", "voice"),
    FrameRange(18, 19, "bile duct", source="voice"),
)


def test_frames_without_contact_are_poor() -> None:
    quality = frame_quality(_clip().frames)
    assert np.flatnonzero(quality.is_poor).tolist() == list(POOR)
    assert (quality.score[~quality.is_poor] > 0.9).all()
    rgb = np.repeat(_clip().frames[..., None], 3, axis=-1)
    assert np.flatnonzero(frame_quality(rgb).is_poor).tolist() == list(POOR)
    assert frame_quality(np.zeros((3, 8, 8), np.uint8)).is_poor.all()


def test_pictures_are_those_that_can_be_learned_from_and_all_frames_are_counted(
    tmp_path: Path,
) -> None:
    clip = _clip()
    made = write_frame_set(clip, ClipKey.of(clip), RANGES, tmp_path / "set")
    assert made == FrameSet(n_pictures=11, n_unlabelled=3, n_doubtful=3, n_several=1, n_poor=2)
    with (tmp_path / "set" / TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == N
    assert [row["label"] for row in rows[8:13]] == ["liver", "liver; aorta", "aorta", "aorta", ""]
    assert [row["file"] for row in rows[15:]] == [
        "",
        "",
        "",
        "bile duct/000018.png",
        "bile duct/000019.png",
    ]
    assert rows[15]["doubtful"] == "1"
    assert rows[7]["poor"] == "1"
    written = sorted(p.relative_to(tmp_path / "set").as_posix() for p in tmp_path.rglob("*.png"))
    assert written == sorted(row["file"] for row in rows if row["file"])
    picture = np.asarray(Image.open(tmp_path / "set" / "bile duct" / "000018.png"))
    assert np.array_equal(picture, clip.frames[18])


def test_nothing_is_left_half_written(tmp_path: Path) -> None:
    clip = _clip()

    def stop(done: int, _total: int, message: str) -> None:
        if message == "Writing frames" and done == 5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        write_frame_set(clip, ClipKey.of(clip), RANGES, tmp_path / "set", stop)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    clip = _clip()
    key = ClipKey.of(clip)
    with pytest.raises(InvalidSetting, match="there already"):
        write_frame_set(clip, key, RANGES, tmp_path)
    with pytest.raises(InvalidSetting, match="No frame has a label"):
        write_frame_set(clip, key, (), tmp_path / "set")
    alike = (FrameRange(0, 1, "a/b"), FrameRange(2, 3, "A?b"))
    with pytest.raises(InvalidSetting, match="share a folder"):
        write_frame_set(clip, key, alike, tmp_path / "set")
    deep = VideoClip(clip.frames.astype(np.uint16), clip.frame_times_s)
    with pytest.raises(InvalidSetting, match="uint16"):
        write_frame_set(deep, ClipKey.of(deep), RANGES, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []
