"""Choose how sure a recogniser must be: weights and cuts, on voices and phrases that are not reported.

Needs the folder that benchmarks/voice_corpus.py makes, and the speech model. Cuts are chosen on voices
that the weights have not seen, one left out after another::

    PYTHONPATH=benchmarks python training/voice_judge.py --corpus corpus \
        --out src/napari_medassist/voice/judges/whisper-tiny-en.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench_voice import chosen, sound_of, talk_of
from napari_medassist.voice.deciding import NEAR_TIE_NATS, Judge
from napari_medassist.voice.evidence import Grammar, guess
from napari_medassist.voice.phrase_book import PhraseBook
from napari_medassist.voice.recognisers.whisper import default_folder
from napari_medassist.voice.scores import Scores
from napari_medassist.voice.whisper.listener import Listener
from napari_medassist.voice.wording import plain
from voice_corpus import RATE, grammar

Floats = NDArray[np.float64]
_RIDGE = 1.0
#: How much an utterance counts whose phrase was taken out of the grammar.
_REMOVED_WEIGHT = 0.3
#: Share of near misses that may be executed, and asked about; of commands, executed as another one.
_MOST_EXECUTED, _MOST_ASKED, _MOST_WRONG = 0.025, 0.25, 0.004
#: Questions about what is less sure are answered with no nearly always, and disturb.
_WORTH_ASKING = 0.2


@dataclass(frozen=True, eq=False)
class Example:
    """A guess of the recogniser.

    Attributes
    ----------
    features
        What speaks for it.
    is_right
        Whether that phrase was said.
    is_doubtful
        Whether it would be asked about however sure it is.
    kind, voice
        Of the utterance; kind ``removed`` for one whose phrase was taken out of the grammar.
    """

    features: Floats
    is_right: bool
    is_doubtful: bool
    kind: str
    voice: str


def example(known: Grammar, scores: Scores, said: str, kind: str, voice: str) -> Example | None:
    """Return what the recogniser guesses; None if it guesses nothing."""
    found = guess(known, scores)
    if found is None:
        return None
    is_right = kind == "command" and known.phrases[found.phrase] == said
    is_doubtful = found.is_contradicted or found.twin_ahead_nats < NEAR_TIE_NATS
    return Example(found.features, is_right, is_doubtful, kind, voice)


def without(known: Grammar, scores: Scores, phrase: int) -> tuple[Grammar, Scores]:
    """Take a phrase out of a grammar; where it is another one's twin, it stays as that."""
    keep = np.arange(len(known.phrases)) != phrase
    twins, twin_scores = known.twins, scores.twins
    if known.own_twins[phrase][0]:
        twins = (*twins, known.phrases[phrase])
        twin_scores = np.append(twin_scores, scores.phrases[phrase])
    left = tuple(p for k, p in enumerate(known.phrases) if k != phrase)
    return (
        replace(known, phrases=left, twins=twins, silent=known.silent[keep]),
        replace(
            scores,
            phrases=scores.phrases[keep],
            bare_phrases=scores.bare_phrases[keep],
            bare_others=scores.bare_others[keep],
            ends=scores.ends[keep],
            bare_ends=scores.bare_ends[keep],
            twins=twin_scores,
        ),
    )


def collect(corpus: Path, share: float) -> list[Example]:
    """Listen to the part of the corpus that is not reported."""
    listener = Listener(default_folder(), n_threads=1)
    book = PhraseBook(grammar(), listener, n_bare=4)  # where one is taken out, another one leads
    known = Grammar(book.plain, book.twins, book.silent, book.background)
    talk = talk_of(corpus, held_out=False)
    found: list[Example | None] = []
    for number, one, snr in chosen(corpus, held_out=False, share=share):
        sound = sound_of(corpus, number, one, snr, talk)
        scores = book.scores(listener.encode(sound), len(sound) / RATE)
        said = plain(one.text)
        found.append(example(known, scores, said, one.kind, one.voice))
        if one.kind == "command":
            fewer, left = without(known, scores, known.phrases.index(said))
            found.append(example(fewer, left, said, "removed", one.voice))
    return [one for one in found if one is not None]


def fitted(examples: list[Example]) -> Judge:
    """Return a judge without cuts, by logistic regression."""
    features = np.array([one.features for one in examples])
    right = np.array([one.is_right for one in examples], dtype=float)
    counts = np.array([_REMOVED_WEIGHT if one.kind == "removed" else 1.0 for one in examples])
    n = features.shape[1]
    judge = Judge(features.mean(axis=0), features.std(axis=0) + 1e-6, np.zeros(2 * n + 1), 0.5, 0.5)
    inputs = judge.inputs(features)

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = inputs @ weights
        costs = np.logaddexp(0, -logits) * right + np.logaddexp(0, logits) * (1 - right)
        off = 1 / (1 + np.exp(-np.clip(logits, -30, 30))) - right
        ridge = np.append(weights[:-1], 0)
        return (
            float((counts * costs).sum() + _RIDGE * (ridge**2).sum()),
            inputs.T @ (counts * off) + 2 * _RIDGE * ridge,
        )

    best = minimize(loss, judge.weights, jac=True, method="L-BFGS-B", options={"maxiter": 800})
    return replace(judge, weights=best.x)


def left_out_confidences(examples: list[Example]) -> Floats:
    """Return how sure a judge is of each voice that has not heard it."""
    found = np.zeros(len(examples))
    for voice in sorted({one.voice for one in examples}):
        judge = fitted([one for one in examples if one.voice != voice])
        for k, one in enumerate(examples):
            if one.voice == voice:
                found[k] = judge.confidence(one.features)
    return found


def cuts(examples: list[Example], confidences: Floats) -> tuple[float, float]:
    """Return from where on to execute, and to ask."""
    kinds = np.array([one.kind for one in examples])
    is_near, is_command, is_longer = (kinds == kind for kind in ("near", "command", "longer"))
    free = np.array([not one.is_doubtful for one in examples])
    wrong = np.array([not one.is_right for one in examples])
    execute = max(
        _above(confidences[is_near & free], int(_MOST_EXECUTED * is_near.sum())),
        _above(confidences[is_command & wrong & free], int(_MOST_WRONG * is_command.sum())),
        _above(confidences[is_longer & free], 0),
    )
    ask = max(_WORTH_ASKING, _above(confidences[is_near], int(_MOST_ASKED * is_near.sum())))
    return execute, min(ask, execute)


def _above(confidences: Floats, n: int) -> float:
    """Return a cut, in thousandths, that no more than ``n`` values reach."""
    ordered = np.sort(confidences)[::-1]
    return float(np.floor(ordered[n] * 1000 + 1) / 1000) if n < len(ordered) else 0.0


def main() -> None:
    """Collect, fit, choose and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the utterances")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    examples = collect(options.corpus, options.share)
    confidences = left_out_confidences(examples)
    execute, ask = cuts(examples, confidences)
    judge = replace(fitted(examples), execute_from=execute, ask_from=ask)
    options.out.write_text(json.dumps(judge.to_plain(), indent=1) + "\n", encoding="utf-8")
    for kind in ("command", "near", "ordinary", "longer", "removed"):
        of = np.array([one.kind == kind for one in examples])
        free = np.array([not one.is_doubtful for one in examples])
        right = np.array([one.is_right for one in examples])
        done = of & free & (confidences >= execute)
        asked = of & ~done & (confidences >= ask)
        counts = ((done & right).sum(), (done & ~right).sum(), asked.sum())
        print(f"{kind}: {of.sum()}, executed right, wrong, asked: {counts}")
    print(f"execute from {execute:.3f}, ask from {ask:.3f}")


if __name__ == "__main__":
    main()
