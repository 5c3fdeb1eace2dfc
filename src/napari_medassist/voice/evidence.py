"""What speaks for the likeliest phrase, and against it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from napari_medassist.voice.scores import Scores
from napari_medassist.voice.wording import contradicts, leaves_out, plain, swapped

#: How much of what a phrase is liked without any sound is taken off its score.
SILENCE_SHARE = 0.5
#: A difference of scores beyond this says no more.
_MOST = 20.0
_LETTERS = 5.0
_MOST_WORDS = 8
#: A Likert or Gleason score is likelier than PI-RADS by 26 and more where it was said; by up to 8 where
#: PI-RADS was said in noise.
_OTHER_SCALE_NATS = 12.0

#: Names of the features, in their order.
FEATURES = (
    "score less that of the likelier written text that is another one",
    "score less that of the text written without a hint, if that is another one",
    "score less that of the likeliest term that is not in the grammar",
    "score less that of the likeliest twin that is not in the grammar",
    "score less that of the second phrase, both without silence",
    "score less that of its likeliest own twin",
    "score",
    "score per five letters",
    "score less that in silence",
    "the same per five letters",
    "likeness of letters to the text written without a hint",
    "likeness of letters to the text written with one",
    "written without a hint",
    "written with one",
    "score without a hint less that of the likelier written text, if that is another one",
    "score without a hint per five letters",
    "score less that without a hint",
    "words written without a hint that only terms beyond the grammar have",
    "words written with one that only terms beyond the grammar have",
    "more words than the phrase has in both written texts",
    "that nothing was said after the phrase",
    "that nothing was said after the phrase, without a hint",
)


@dataclass(frozen=True, eq=False)
class Grammar:
    """The texts that scores belong to, as they are compared.

    Parameters
    ----------
    phrases
        Of the grammar.
    twins
        That differ from one in a word that matters, and are no phrases.
    silent
        (n,) scores of the phrases where nothing is heard.
    background
        Terms that are not in the grammar.
    """

    phrases: tuple[str, ...]
    twins: tuple[str, ...]
    silent: NDArray[np.float64]
    background: tuple[str, ...] = ()

    @cached_property
    def foreign(self) -> frozenset[str]:
        """Words of terms beyond the grammar that no phrase has."""
        own = {word for phrase in self.phrases for word in phrase.split()}
        return frozenset(word for term in self.background for word in term.split()) - own

    @cached_property
    def own_twins(self) -> tuple[tuple[list[int], list[int]], ...]:
        """For each phrase its twins: numbers of other phrases, and numbers of twins."""
        places = {text: k for k, text in enumerate(self.phrases)}
        others = {text: k for k, text in enumerate(self.twins)}
        found = []
        for phrase in self.phrases:
            own = [plain(twin) for twin in swapped(phrase)]
            found.append(
                ([places[t] for t in own if t in places], [others[t] for t in own if t in others])
            )
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Guess:
    """The likeliest phrase.

    Attributes
    ----------
    phrase, second
        Numbers of the likeliest phrase and of the one after it (the same one if there is no other).
    features
        (n,) what speaks for it, see :data:`FEATURES`.
    twin_ahead_nats
        By how much it is likelier than its likeliest own twin.
    is_contradicted
        Whether a text that was written down is another phrase, or names another side, level, number...
        than it does, or none where it says the rest; or whether the phrase is far likelier with the
        name of another scale to one who does not know the grammar.
    """

    phrase: int
    second: int
    features: NDArray[np.float64]
    twin_ahead_nats: float
    is_contradicted: bool


def guess(grammar: Grammar, scores: Scores) -> Guess | None:
    """Return the likeliest phrase; None if none has any likelihood."""
    without_silence = scores.phrases - SILENCE_SHARE * grammar.silent
    if not np.isfinite(without_silence).any():
        return None
    order = np.argsort(-without_silence, kind="stable")
    top, second = int(order[0]), int(order[min(1, len(order) - 1)])
    text, score = grammar.phrases[top], float(scores.phrases[top])
    others, twins = grammar.own_twins[top]
    own = max([-np.inf, *scores.phrases[others], *scores.twins[twins]])
    written = [plain(t) for t in scores.written]
    rivals = [s for t, s in zip(written, scores.written_scores, strict=True) if t != text]
    unhinted = scores.written_scores[0] if written[0] != text else -np.inf
    letters = max(1, len(text.replace(" ", "")))
    gain = score - float(grammar.silent[top])
    bare = max(float(scores.bare_phrases[top]), -3 * _MOST)
    bare_rivals = [s for t, s in zip(written, scores.bare_written, strict=True) if t != text]
    more_words = min(len(t.split()) for t in written) - len(text.split())
    features = [
        _ahead(score, max([-np.inf, *rivals])),
        _ahead(score, unhinted),
        _ahead(score, scores.background.max(initial=-np.inf)),
        _ahead(score, scores.twins.max(initial=-np.inf)),
        _ahead(without_silence[top], without_silence[second] if second != top else -np.inf),
        _ahead(score, own),
        max(score, -3 * _MOST),
        max(score * _LETTERS / letters, -_MOST),
        float(np.clip(gain, -_MOST, 4 * _MOST)),
        float(np.clip(gain * _LETTERS / letters, -_MOST, _MOST)),
        fuzz.ratio(written[0], text) / 100,
        fuzz.ratio(written[1], text) / 100,
        float(written[0] == text),
        float(written[1] == text),
        _ahead(bare, max([-np.inf, *bare_rivals])),
        max(bare * _LETTERS / letters, -_MOST),
        _ahead(score, bare),
        *(float(min(3, sum(w in grammar.foreign for w in t.split()))) for t in written),
        float(np.clip(more_words, 0, _MOST_WORDS)),
        max(float(scores.ends[top]), -_MOST),
        max(float(scores.bare_ends[top]), -_MOST),
    ]
    others_said = set(written) - {text}
    contradicted = any(contradicts(text, other) for other in others_said)
    contradicted |= not others_said.isdisjoint(grammar.phrases)
    contradicted |= leaves_out(text, written)
    contradicted |= bool(scores.bare_others[top] - bare > _OTHER_SCALE_NATS)
    return Guess(top, second, np.array(features), score - own, contradicted)


def _ahead(score: float, other: float) -> float:
    return float(np.clip(score - other, -_MOST, _MOST))
