"""Where utterances begin and end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_medassist.voice.activity import CHUNK, Endpoints, Segmenter, silero
from napari_medassist.voice.sound import RATE_HZ


def loud(chunk: np.ndarray) -> float:
    """A detector that takes for speech what is loud."""
    return float(np.abs(chunk).mean() > 0.1)


def stream(*parts: tuple[float, float]) -> np.ndarray:
    """Return levels, each for some seconds."""
    made = [np.full(round(seconds * RATE_HZ), level, np.float32) for level, seconds in parts]
    return np.concatenate(made)


def utterances(samples: np.ndarray, n: int, endpoints: Endpoints | None = None) -> list[object]:
    """Cut a stream that comes in blocks of ``n`` samples."""
    segmenter = Segmenter(loud, endpoints or Endpoints())
    found = []
    for first in range(0, len(samples), n):
        found += segmenter.push(samples[first : first + n])
    return [*found, *segmenter.finish()]


@pytest.mark.parametrize("n", [100, 512, 700, 16_000])
def test_two_words_with_a_pause_are_two_utterances_however_blocks_come(n: int) -> None:
    samples = stream((0, 1.0), (0.5, 0.6), (0, 0.2), (0.5, 0.3), (0, 1.0), (0.5, 0.4), (0, 1.0))
    first, second = utterances(samples, n)
    step = CHUNK / RATE_HZ
    assert first.begin_s == pytest.approx(1.0, abs=step)
    assert first.end_s == pytest.approx(2.1, abs=step)  # the pause of 0.2 s is part of it
    assert second.begin_s == pytest.approx(3.1, abs=step)
    assert second.end_s == pytest.approx(3.5, abs=step)
    for one in (first, second):
        assert one.begin_s - one.first_s == pytest.approx(0.3, abs=2 * step)
        n_first = round(one.first_s * RATE_HZ)
        np.testing.assert_array_equal(one.samples, samples[n_first : n_first + len(one.samples)])
        assert not one.is_cut


def test_a_click_is_none_and_what_is_said_at_the_end_is_not_lost() -> None:
    samples = stream((0, 0.5), (0.5, 0.032), (0, 1.0), (0.5, 0.5))
    [only] = utterances(samples, 4000)
    assert only.begin_s == pytest.approx(1.53, abs=0.05)
    assert only.samples[-1] == 0.5


def test_talk_without_an_end_is_cut_and_memory_stays_bounded() -> None:
    segmenter = Segmenter(loud, Endpoints(longest_s=2.0))
    found = segmenter.push(stream((0.5, 9.0)))
    assert len(found) == 4
    assert all(one.is_cut for one in found)
    assert all(len(one.samples) <= 2.4 * RATE_HZ for one in found)
    quiet = Segmenter(loud)
    for _ in range(50):
        quiet.push(stream((0, 1.0)))
    assert sum(len(chunk) for chunk in quiet._before) <= 0.35 * RATE_HZ


def test_the_network_hears_speech_and_not_noise(said: Callable[[str], np.ndarray]) -> None:
    detect = silero()
    noise = np.random.default_rng(0).normal(0, 0.02, RATE_HZ).astype(np.float32)
    segmenter = Segmenter(detect)
    assert segmenter.push(noise) == []
    spoken = said("label the pancreas on the next slice")
    found = [*segmenter.push(spoken), *segmenter.push(noise)]
    assert len(found) == 1
    assert found[0].begin_s == pytest.approx(1.0, abs=0.4)
    assert found[0].end_s - found[0].begin_s > 0.6 * len(spoken) / RATE_HZ
