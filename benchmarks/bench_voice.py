"""How well a recogniser understands phrases, and what it executes that was none: on held-out voices.

Needs the folder that voice_corpus.py makes, and the speech model::

    python benchmarks/bench_voice.py --corpus corpus
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from napari_medassist.voice.deciding import Action
from napari_medassist.voice.recognisers.kinds import KINDS, WHISPER
from napari_medassist.voice.recognisers.outcome import Outcome, Recogniser
from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
from napari_medassist.voice.terms import medical_terms
from napari_medassist.voice.wording import plain, swapped
from voice_corpus import Sound, Utterance, grammar, noisy, read_16k

#: Condition to the share of commands and of near misses that are tried under it.
_CONDITIONS: dict[float | None, tuple[float, float]] = {
    None: (0.55, 0.5),
    20.0: (0.22, 0.0),
    10.0: (0.22, 0.15),
}
_SEED = 11


def chosen(corpus: Path, *, held_out: bool, share: float) -> list[tuple[int, Utterance, float | None]]:
    """Return utterances with the signal-to-noise ratio that each is tried under."""
    rng = np.random.default_rng(_SEED)
    made = [Utterance(**plain_one) for plain_one in json.loads((corpus / "corpus.json").read_text())]
    found = []
    for number, one in enumerate(made):
        if one.held_out != held_out:
            continue
        for snr, (of_commands, of_near) in _CONDITIONS.items():
            clean = float(snr is None)
            shares = {
                "command": of_commands,
                "near": of_near,
                "ordinary": 0.8 * clean,
                "longer": clean,
                "human": clean,
            }
            wanted = shares[one.kind] * (1 if one.kind == "human" else share)
            if rng.random() < wanted:
                found.append((number, one, snr))
    return found


def sound_of(corpus: Path, number: int, one: Utterance, snr: float | None, talk: list[Sound]) -> Sound:
    """Return an utterance as it is tried."""
    sound = read_16k(corpus / one.file)
    return sound if snr is None else noisy(sound, snr, number, talk)


def talk_of(corpus: Path, *, held_out: bool) -> list[Sound]:
    """Return what others say in the background."""
    made = [Utterance(**plain_one) for plain_one in json.loads((corpus / "corpus.json").read_text())]
    said = [one for one in made if one.kind == "ordinary" and one.held_out == held_out]
    return [read_16k(corpus / one.file) for one in said]


def verdict(one: Utterance, found: Outcome, twins: set[str]) -> str:
    """Return what an outcome is worth, in a word."""
    if found.action is not Action.EXECUTE:
        return str(found.action)
    if one.kind != "command":
        is_swap = plain(one.text) in {plain(t) for t in swapped(found.text)}
        return "swap executed" if is_swap else "executed"
    if plain(found.text) == plain(one.text):
        return "exact"
    is_swap = plain(found.text) in twins
    return "swap executed" if is_swap else "wrong executed"


def main() -> None:
    """Try all and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the utterances")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--recogniser", choices=list(KINDS), default=WHISPER)
    options = parser.parse_args()
    recogniser: Recogniser = (
        WhisperRecogniser(grammar(), options.model, n_threads=options.threads)
        if options.recogniser == WHISPER
        else KINDS[options.recogniser].make(grammar(), {})
    )
    talk = talk_of(options.corpus, held_out=True)
    background = set(map(plain, medical_terms()))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    lengths = []
    for number, one, snr in chosen(options.corpus, held_out=True, share=options.share):
        sound = sound_of(options.corpus, number, one, snr, talk)
        start = time.perf_counter()
        found = recogniser.recognise(sound)
        seconds["phrases" if one.kind == "command" else "others"].append(time.perf_counter() - start)
        lengths.append(len(sound) / 16_000)
        told = verdict(one, found, {plain(t) for t in swapped(one.text)})
        name = one.kind if snr is None else f"{one.kind}, {snr:g} dB"
        counts[name][told] += 1
        if one.kind == "near":
            is_known = any(plain(one.text).endswith(term) for term in background)
            counts[f"  of them {'in' if is_known else 'not in'} the list of terms"][told] += 1
        if one.kind == "command":
            is_top = plain(found.text) == plain(one.text)
            counts[f"{name}: the likeliest phrase"]["right" if is_top else "not right"] += 1
            counts[f"  voice {one.voice}{'' if snr is None else ' with noise'}"][told] += 1
        if told in ("executed", "swap executed", "wrong executed"):
            print(f"! {one.kind} {snr} {one.voice}: {one.text!r} -> {found}")
    for name, of in sorted(counts.items()):
        n = of.total()
        print(f"{name}: n = {n}, " + ", ".join(f"{w} {k} ({k / n:.1%})" for w, k in of.most_common()))
    for name, each in seconds.items():
        middle, far = np.percentile(each, [50, 95])
        print(f"seconds, {name}: median {middle:.2f}, 95 % {far:.2f}")
    print(f"real-time factor {sum(map(sum, seconds.values())) / np.sum(lengths):.2f}")


if __name__ == "__main__":
    main()
