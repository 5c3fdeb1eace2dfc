"""Two labels in one breath: how often both are named, and how well they are parted in time.

Each sentence is put together from two halves by a held-out voice, so that it is known where the first
one ends. Needs the speech model, espeak-ng, flite and the package hibari-tts::

    python benchmarks/bench_breath.py
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.labels import read_labels
from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
from napari_medassist.voice.transcribing import understood
from voice_corpus import RATE, VOICES, Sound, say

_N_PAIRS, _SEED = 36, 3
_PAUSE_S, _AROUND_S = 0.12, 0.2
#: Of the loudest sample: what is softer at both ends is no speech.
_SOFT = 0.02


def trimmed(sound: Sound) -> Sound:
    """Return a sound without the silence around it."""
    loud = np.flatnonzero(np.abs(sound) > _SOFT * np.abs(sound).max())
    return sound[loud[0] : loud[-1]]


def main() -> None:
    """Say the pairs, find their labels, and print the figures."""
    vocabulary = read_labels(
        Path(str(resources.files("napari_medassist.voice") / "vocabulary" / "eus-example.json"))
    )
    recogniser = WhisperRecogniser(vocabulary.phrases, n_threads=1)
    speakers = [speak for speak, is_held_out in VOICES.values() if is_held_out]
    rng = np.random.default_rng(_SEED)
    pause, around = (np.zeros(int(s * RATE), np.float32) for s in (_PAUSE_S, _AROUND_S))
    n_both, errors_s = 0, []
    for k in range(_N_PAIRS):
        first, second = rng.choice(list(vocabulary.words), 2, replace=False)
        speak = speakers[k % len(speakers)]
        one = trimmed(say(speak, f"here is the {first}"))
        two = trimmed(say(speak, f"and behind it we see the {second}"))
        sound = np.concatenate([around, one, pause, two, around]).astype(np.float32)
        said = Utterance(sound, 0.0, len(sound) / RATE, 1.0)
        found = {c.label: c for c in understood(said, vocabulary, recogniser.recognise(sound)).comments}
        if {first, second} <= found.keys():
            n_both += 1
            if found[first].end_s < found[second].begin_s:
                errors_s.append(found[first].end_s - _AROUND_S - len(one) / RATE)
    print(f"{_N_PAIRS} pairs: both named {n_both}, parted {len(errors_s)}")
    middle, far = np.percentile(np.abs(errors_s), [50, 95])
    print(f"end of the first: {middle:.2f} s off (median), 95 % {far:.2f} s")


if __name__ == "__main__":
    main()
