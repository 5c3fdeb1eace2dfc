from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.clips.sound_shape import STEP_S, SoundShape, sound_shape
from napari_medassist.voice.sound import RATE_HZ
from tests.unit.voice.sounds import write_sound


def test_loud_parts_are_found_where_they_are(tmp_path: Path) -> None:
    samples = np.zeros(RATE_HZ * 4, np.float32)
    samples[RATE_HZ : 2 * RATE_HZ] = 0.5
    samples[3 * RATE_HZ :] = 0.25
    shape = sound_shape(write_sound(tmp_path / "a.wav", samples))
    assert len(shape.levels) == 4 / STEP_S
    assert shape.between(0, 4, 4) == pytest.approx([0, 1, 0, 0.5], abs=1e-3)
    assert shape.between(1.0, 1.5, 2) == pytest.approx([1, 1], abs=1e-3)
    assert shape.between(3.5, 5.5, 4) == pytest.approx([0.5, 0, 0, 0], abs=1e-3)


def test_a_sound_that_begins_later_is_drawn_later() -> None:
    shape = SoundShape(1.0, np.ones(int(1 / STEP_S), np.float32))
    assert shape.between(0, 3, 3).tolist() == [0, 1, 0]


def test_silence_is_flat(tmp_path: Path) -> None:
    shape = sound_shape(write_sound(tmp_path / "a.wav", np.zeros(RATE_HZ, np.float32)))
    assert not shape.levels.any()
