"""Masks of a clip: what lies between drawn frames goes by time, other labels and drawn frames stay."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from napari_medassist.annotation.clips.masks import (
    between_frames,
    copied_to_next,
    new_mask,
    read_mask,
    write_mask,
)
from napari_medassist.core.errors import (
    CorruptFile,
    GeometryMismatch,
    InvalidSetting,
    TooLarge,
    UnsupportedFormat,
)
from napari_medassist.core.video import VideoClip


def disc(radius: float) -> np.ndarray:
    y, x = np.indices((60, 70))
    return np.hypot(y - 30, x - 35) <= radius


def drawn() -> np.ndarray:
    mask = np.zeros((6, 60, 70), np.uint8)
    mask[1][disc(8)] = 1
    mask[4][disc(20)] = 1
    return mask


def radius(plane: np.ndarray) -> float:
    return float(np.sqrt(np.count_nonzero(plane) / np.pi))


def test_the_way_goes_by_the_times_of_the_frames():
    # Frames 2 and 3 lie at a quarter and at three quarters of the way from 1 to 4.
    mask, times = drawn(), (0.0, 1.0, 2.0, 4.0, 5.0, 6.0)
    change = between_frames(mask, 1, times, (1.0, 1.0))
    change.apply_to(mask)
    assert radius(mask[2] == 1) == pytest.approx(11, abs=0.5)
    assert radius(mask[3] == 1) == pytest.approx(17, abs=0.5)
    assert not mask[[0, 5]].any()
    assert "2 frames filled" in change.note


def test_equal_times_fall_back_to_frame_numbers():
    mask = drawn()
    between_frames(mask, 1, (0.0,) * 6, (1.0, 1.0)).apply_to(mask)
    assert radius(mask[2] == 1) == pytest.approx(12, abs=0.5)


def test_other_labels_and_drawn_frames_are_kept():
    mask = drawn()
    mask[2, 28:32, 33:37] = 2
    mask[3, 5, 5] = 1
    before = mask.copy()
    between_frames(mask, 1, tuple(range(6)), (1.0, 1.0)).apply_to(mask)
    np.testing.assert_array_equal(mask == 2, before == 2)
    for frame in (0, 1, 3, 4, 5):
        np.testing.assert_array_equal(mask[frame], before[frame])


def test_copy_to_the_next_frame_keeps_what_is_there():
    mask = drawn()
    mask[2, 30, 35] = 2
    copied_to_next(mask, 1, 1).apply_to(mask)
    assert mask[2, 30, 35] == 2
    assert np.count_nonzero(mask[2] == 1) == np.count_nonzero(mask[1]) - 1
    for frame in (0, 5):  # nothing drawn; no next frame
        with pytest.raises(InvalidSetting):
            copied_to_next(mask, 1, frame)


def test_one_drawn_frame_is_not_enough():
    mask = drawn()
    mask[4] = 0
    with pytest.raises(InvalidSetting, match="one frame"):
        between_frames(mask, 1, tuple(range(6)), (1.0, 1.0))


def test_a_mask_that_does_not_fit_is_not_begun():
    frames = np.broadcast_to(np.uint8(0), (1100, 1080, 1920))
    clip = VideoClip(frames, tuple(i / 25 for i in range(1100)))
    with pytest.raises(TooLarge, match="2 GB"):
        new_mask(clip)


def test_a_mask_comes_back_and_one_of_another_clip_is_refused(tmp_path):
    clip = VideoClip(np.zeros((6, 60, 70, 3), np.uint8), tuple(range(6)), spacing_yx_mm=(0.2, 0.3))
    path = tmp_path / "mask.nii.gz"
    write_mask(path, drawn(), clip.spacing_yx_mm)
    np.testing.assert_array_equal(read_mask(path, clip), drawn())
    stored = nibabel.load(path)  # another library: x, y, t
    assert stored.shape == (70, 60, 6)
    np.testing.assert_allclose(stored.header.get_zooms(), (0.3, 0.2, 1.0), rtol=1e-6)
    shorter = VideoClip(clip.frames[:5], tuple(range(5)))
    with pytest.raises(GeometryMismatch, match="the clip"):
        read_mask(path, shorter)
    with pytest.raises(UnsupportedFormat):
        write_mask(tmp_path / "mask.png", drawn(), None)
    (tmp_path / "bad.nrrd").write_bytes(b"no image")
    with pytest.raises(CorruptFile):
        read_mask(tmp_path / "bad.nrrd", clip)
