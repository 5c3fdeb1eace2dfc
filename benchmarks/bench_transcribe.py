"""Labels over time from spoken comments: how far intervals are off, and how many labels are right.

Three-minute recordings are put together from comments by held-out voices, in noise, with sentences that
name nothing between them. Needs the speech model, espeak-ng, flite and the package hibari-tts::

    python benchmarks/bench_transcribe.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile

from napari_medassist.voice.labels import read_labels
from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
from napari_medassist.voice.timeline import Comment, intervals, label_at
from napari_medassist.voice.transcribing import Transcript, transcribe
from voice_corpus import RATE, VOICES, Sound, lines, say

_SENTENCES = ("{}", "this is the {}", "and here is the {}", "now we see the {}", "the {} is seen here")
_LENGTH_S, _NOISE_DB = 180.0, 25.0
_STEP_S = 0.1


@dataclass(frozen=True)
class Said:
    """What was said when, truly; without a label it names nothing."""

    begin_s: float
    end_s: float
    label: str
    text: str


def recording(seed: int, voice: str, words: dict[str, str]) -> tuple[Sound, list[Said]]:
    """Return three minutes of comments, and what was said."""
    rng = np.random.default_rng(seed)
    speak, _ = VOICES[voice]
    sound = np.zeros(int(_LENGTH_S * RATE), dtype=np.float32)
    said: list[Said] = []
    at = 2.0
    talk = lines("ordinary_held_out")
    while at < _LENGTH_S - 8:
        word = str(rng.choice(list(words)))
        is_comment = rng.random() < 0.8
        text = str(rng.choice(_SENTENCES)).format(word) if is_comment else str(rng.choice(talk))
        spoken = say(speak, text)
        loud = np.flatnonzero(spoken)
        first = int(at * RATE)
        sound[first : first + len(spoken)] += spoken
        begin, end = at + loud[0] / RATE, at + loud[-1] / RATE
        said.append(Said(begin, end, words[word] if is_comment else "", text))
        at = end + rng.uniform(1.2, 7.0)
    power = np.mean(sound[sound != 0] ** 2)
    noise = rng.normal(0, np.sqrt(power / 10 ** (_NOISE_DB / 10)), len(sound))
    return (sound + noise).astype(np.float32), said


def compared(made: Transcript, said: list[Said]) -> dict[str, float]:
    """Return how far what was found is from what was said."""
    named = [one for one in said if one.label]
    onsets, ends, n_right, n_sure_wrong, n_missed = [], [], 0, 0, 0
    for one in named:
        near = [c for c in made.comments if c.begin_s < one.end_s and c.end_s > one.begin_s]
        n_missed += not near
        n_right += any(c.label == one.label for c in near)
        n_sure_wrong += any(c.label != one.label and c.is_sure for c in near)
        if near:
            onsets.append(abs(near[0].begin_s - one.begin_s))
            ends.append(abs(near[0].end_s - one.end_s))
    others = [one for one in said if not one.label]
    n_false = sum(
        any(c.begin_s < one.end_s and c.end_s > one.begin_s for c in made.comments) for one in others
    )
    truth = intervals(
        [Comment(s.begin_s, s.end_s, s.label, True, 1.0) for s in named],  # noqa: FBT003
        _LENGTH_S,
    )
    found = intervals(made.comments, made.duration_s)
    times = np.arange(0, _LENGTH_S, _STEP_S)
    pairs = [(label_at(truth, t), label_at(found, t)) for t in times]
    labelled = [(a, b) for a, b in pairs if a is not None and a.is_sure]
    same = sum(b is not None and a.label == b.label for a, b in labelled)
    outside = [b for a, b in pairs if a is None]
    return {
        "comments": len(named),
        "named right": n_right,
        "surely wrong": n_sure_wrong,
        "missed": n_missed,
        "other sentences": len(others),
        "that name something": n_false,
        "median onset error, ms": 1000 * float(np.median(onsets)),
        "median end error, ms": 1000 * float(np.median(ends)),
        "95 % of both, ms": 1000 * float(np.percentile([*onsets, *ends], 95)),
        "moments labelled right, %": 100 * same / len(labelled),
        "moments without a label that got one, %": 100 * np.mean([b is not None for b in outside]),
        "doubtful comments": sum(not c.is_sure for c in made.comments),
    }


def main() -> None:
    """Make the recordings, label them and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--voices", nargs="+", default=["espeak-gb-f2", "flite-slt", "flite-awb", "hibari"]
    )
    options = parser.parse_args()
    place = resources.files("napari_medassist.voice") / "vocabulary" / "eus-example.json"
    vocabulary = read_labels(Path(str(place)))
    words = {word: label for label, more in vocabulary.words.items() for word in (label, *more)}
    recogniser = WhisperRecogniser(vocabulary.phrases, n_threads=1)
    with tempfile.TemporaryDirectory() as folder:
        for seed, voice in enumerate(options.voices):
            sound, said = recording(seed, voice, words)
            path = Path(folder) / f"{voice}.wav"
            soundfile.write(path, sound, RATE, "PCM_16")
            start = time.perf_counter()
            made = transcribe(path, vocabulary, recogniser)
            seconds = time.perf_counter() - start
            told = ", ".join(f"{name} {value:.4g}" for name, value in compared(made, said).items())
            print(f"{voice}: {told}; {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
