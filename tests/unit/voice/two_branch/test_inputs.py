from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.voice.sound import RATE_HZ
from napari_medassist.voice.two_branch.inputs import N_MELS, N_TIMES, picture, spectrogram


def _tone(hz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32)


def test_a_spectrogram_has_the_size_and_scale_that_the_network_learned() -> None:
    found = spectrogram(_tone(440, 1.5))
    assert found.shape == (N_MELS, N_TIMES) == (40, 148)
    assert found.dtype == np.float32
    assert found.mean() == pytest.approx(0, abs=1e-5)
    assert found.std() == pytest.approx(1, abs=1e-4)


def test_a_tone_lies_in_its_mel_band() -> None:
    edges = 700 * (
        10 ** (np.linspace(*(2595 * np.log10(1 + f / 700) for f in (20, 8000)), 42) / 2595) - 1
    )
    for hz in (300, 1000, 4000):
        band = int(spectrogram(_tone(hz, 1.5)).mean(axis=1).argmax())
        assert edges[band] <= hz <= edges[band + 2]


def test_the_loudest_part_of_a_longer_sound_counts() -> None:
    quiet = 1e-4 * np.random.default_rng(0).normal(size=3 * RATE_HZ).astype(np.float32)
    long = np.concatenate([quiet, _tone(1000, 1.5), quiet])
    np.testing.assert_allclose(spectrogram(long), spectrogram(_tone(1000, 1.5)), atol=0.3)


def test_a_shorter_sound_is_centred_and_silence_is_nothing() -> None:
    found = spectrogram(_tone(1000, 0.5))
    loud = np.flatnonzero(found.max(axis=0) > 0.5 * found.max())
    assert abs((loud[0] + loud[-1]) / 2 - N_TIMES / 2) < 3
    assert not spectrogram(np.zeros(8000, np.float32)).any()


def test_a_frame_keeps_its_proportions() -> None:
    frame = np.zeros((200, 400), np.uint8)
    frame[90:110, 190:210] = 200
    found = picture(frame)
    assert found.shape == (128, 128)
    assert found.std() == pytest.approx(1, abs=1e-4)
    ys, xs = np.nonzero(found > 0.5 * found.max())
    assert (ys.max() - ys.min(), xs.max() - xs.min()) == pytest.approx((6, 6), abs=2)
    assert (ys.mean(), xs.mean()) == pytest.approx((63.5, 63.5), abs=1)
    colour = np.repeat(frame[..., None], 3, axis=-1)
    np.testing.assert_allclose(picture(colour), found, atol=1e-3)
