"""Speech to measure recognisers by: phrases, near misses and sentences, spoken by synthetic voices.

Voices and phrases that thresholds are chosen on are not those that are reported. Needs the programs
espeak-ng, flite and festival, and the package hibari-tts::

    python benchmarks/voice_corpus.py --out corpus
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

Sound = NDArray[np.float32]
RATE = 16_000
TEXTS = Path(__file__).parent / "voice"
_SILENCE_S = (0.25, 0.45)  # before and after


@dataclass(frozen=True)
class Utterance:
    """One file of the corpus.

    Attributes
    ----------
    file
        Name in the folder.
    text
        What is said.
    kind
        ``command``, ``near`` (medical, not in the grammar), ``ordinary``, ``longer`` (a sentence
        that begins or ends with a phrase of the grammar), ``human``.
    voice
        Who says it.
    held_out
        Whether thresholds were chosen without it.
    """

    file: str
    text: str
    kind: str
    voice: str
    held_out: bool


def lines(name: str) -> list[str]:
    """Return the lines of a text."""
    return (TEXTS / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def grammar() -> list[str]:
    """Return the phrases of the grammar: all commands, and lesions with four fields."""
    scores, sides = ("one", "two", "three", "four", "five"), ("left", "right")
    zones, levels = ("peripheral zone", "transition zone", "central zone"), ("base", "mid", "apex")
    lesions = [
        f"lesion PI-RADS {score} {side} {zone} {level}"
        for score, side, zone, level in product(scores, sides, zones, levels)
    ]
    anterior = product(scores, sides, levels)
    more = [f"lesion PI-RADS {score} {side} anterior stroma {level}" for score, side, level in anterior]
    return [*lines("commands"), *lesions, *more]


def parts_of_the_grammar() -> tuple[list[str], list[str]]:
    """Return phrases that thresholds are chosen on, and those that are reported."""
    rng = np.random.default_rng(8)
    order = rng.permutation(np.array(grammar(), dtype=object))
    half = len(order) // 2
    return sorted(order[:half]), sorted(order[half:])


Speak = Callable[[str, Path], None]


def espeak(variant: str, speed: int, pitch: int) -> Speak:
    """Return a voice of espeak-ng (formant synthesis)."""

    def speak(text: str, path: Path) -> None:
        command = ["espeak-ng", "-v", variant, "-s", str(speed), "-p", str(pitch), "-w", str(path)]
        subprocess.run([*command, spoken(text)], check=True)

    return speak


def flite(voice: str) -> Speak:
    """Return a voice of flite (recorded speech, joined or modelled)."""

    def speak(text: str, path: Path) -> None:
        subprocess.run(["flite", "-voice", voice, "-t", spoken(text), "-o", str(path)], check=True)

    return speak


def festival(stretch: float) -> Speak:
    """Return festival's own voice (diphones)."""

    def speak(text: str, path: Path) -> None:
        asked = f"(Parameter.set 'Duration_Stretch {stretch})"
        command = ["text2wave", "-eval", asked, "-o", str(path)]
        subprocess.run(command, input=spoken(text), text=True, check=True)

    return speak


def hibari(speed: float) -> Speak:
    """Return a neural voice."""

    def speak(text: str, path: Path) -> None:
        made = _neural()(spoken(text), speed=speed, seed=0)
        soundfile.write(path, np.asarray(made, dtype=np.float32).ravel(), 24_000)

    return speak


@cache
def _neural() -> Any:
    from hibari import Hibari

    return Hibari()


VOICES: dict[str, tuple[Speak, bool]] = {
    "espeak-us": (espeak("en-us", 165, 50), False),
    "espeak-scottish-f3": (espeak("en-gb-scotland+f3", 150, 60), False),
    "espeak-rp-m3": (espeak("en-gb-x-rp+m3", 180, 35), False),
    "flite-rms": (flite("rms"), False),
    "flite-kal16": (flite("kal16"), False),
    "festival-kal-slow": (festival(1.15), False),
    "espeak-gb-f2": (espeak("en-gb+f2", 160, 65), True),
    "espeak-us-m7": (espeak("en-us+m7", 150, 40), True),
    "flite-slt": (flite("slt"), True),
    "flite-awb": (flite("awb"), True),
    "hibari": (hibari(1.0), True),
    "hibari-fast": (hibari(1.25), True),
}


def spoken(text: str) -> str:
    """Return a text as a synthetic voice has to get it."""
    return text.replace("PI-RADS", "pie rads").replace("BI-RADS", "bye rads")


def read_16k(path: Path) -> Sound:
    """Read a file as mono at 16 kHz; ``.raw`` files are 16-bit numbers at that rate."""
    if path.suffix == ".raw":
        return np.fromfile(path, dtype="<i2").astype(np.float32) / 32768
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return (
        np.asarray(signal.resample_poly(mono, RATE, rate), dtype=np.float32) if rate != RATE else mono
    )


def say(speak: Speak, text: str) -> Sound:
    """Return a text as sound: 16 kHz, an even level, some silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        speak(text, path)
        sound = read_16k(path)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1]
    sound = sound * (0.05 / np.sqrt(np.mean(sound**2)))
    before, after = (np.zeros(int(s * RATE), dtype=np.float32) for s in _SILENCE_S)
    return np.concatenate([before, sound, after])


def noisy(sound: Sound, snr_db: float, seed: int, talk: list[Sound]) -> Sound:
    """Add noise of a room (pink; even seeds) or of six people who talk (odd seeds).

    Parameters
    ----------
    sound
        With silence around it.
    snr_db
        Level of what is said over that of the noise, dB.
    seed
        The same one gives the same noise.
    talk
        Sentences.
    """
    rng = np.random.default_rng(seed)
    noise = _babble(len(sound), rng, talk) if seed % 2 else _pink(len(sound), rng)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    power = np.mean(sound[loud[0] : loud[-1]] ** 2)
    gain = np.sqrt(power / np.mean(noise**2) / 10 ** (snr_db / 10))
    return (sound + noise * gain).astype(np.float32)


def _pink(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum = rng.normal(size=len(hz)) + 1j * rng.normal(size=len(hz))
    return np.asarray(np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 40)), n))


def _babble(n: int, rng: np.random.Generator, talk: list[Sound]) -> NDArray[np.float64]:
    total = np.zeros(n)
    for _ in range(6):
        spoken_on = np.concatenate([talk[k] for k in rng.integers(0, len(talk), 6)])
        spoken_on = np.tile(spoken_on, n // len(spoken_on) + 2)
        first = rng.integers(0, len(spoken_on) - n)
        total += spoken_on[first : first + n]
    return total


def make(out: Path, human: Path | None) -> list[Utterance]:
    """Write all files and ``corpus.json``."""
    dev, held_out = parts_of_the_grammar()
    texts = {
        is_held_out: {
            "command": commands,
            "near": lines(f"near_misses_{part}"),
            "ordinary": lines(f"ordinary_{part}"),
            "longer": lines(f"longer_{part}"),
        }
        for is_held_out, commands, part in ((False, dev, "dev"), (True, held_out, "held_out"))
    }
    made = []
    for voice, (speak, is_held_out) in VOICES.items():
        for kind, said in texts[is_held_out].items():
            for number, text in enumerate(said):
                file = f"{kind}-{number:03d}-{voice}.wav"
                soundfile.write(out / file, say(speak, text), RATE, "PCM_16")
                made.append(Utterance(file, text, kind, voice, is_held_out))
    for path in sorted(human.rglob("*") if human else ()):
        if path.suffix in (".wav", ".raw"):
            soundfile.write(out / f"human-{path.stem}.wav", read_16k(path), RATE, "PCM_16")
            made.append(Utterance(f"human-{path.stem}.wav", "", "human", "human", held_out=True))
    plain = [asdict(one) for one in made]
    (out / "corpus.json").write_text(json.dumps(plain, indent=0), encoding="utf-8")
    return made


def main() -> None:
    """Make the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--human", type=Path, help="a folder of real speech that is no command")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    made = make(options.out, options.human)
    print(f"{len(made)} utterances, {len(grammar())} phrases")


if __name__ == "__main__":
    main()
