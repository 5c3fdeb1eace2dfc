"""The phrases of a grammar beside what they may be confused with, ready to be scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.evidence import SILENCE_SHARE
from napari_medassist.voice.scores import Scores
from napari_medassist.voice.terms import medical_terms
from napari_medassist.voice.whisper.decoder import EVERYTHING, Beam, Prompted
from napari_medassist.voice.whisper.listener import Encoded, Listener, log_sum
from napari_medassist.voice.whisper.phrase_tree import PhraseTree
from napari_medassist.voice.wording import (
    beginnings,
    on_other_scales,
    plain,
    swapped,
    ways_to_write,
    without_loops,
)

_PROMPT_TOKENS = 215
#: Phrases nearest by their letters to what was written down are scored whatever their beginning costs.
_ALWAYS = 6
_MOST_LETTERS = 200
_LONGEST_PHRASE = 60  # tokens; a word has one to three


@dataclass(frozen=True, eq=False)
class _Texts:
    """Texts in the tree: as they are compared, and the last nodes of the ways to write each."""

    plain: tuple[str, ...]
    leaves: tuple[tuple[int, ...], ...]

    def scores(self, of_nodes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each text: of all ways to write it together."""
        if not self.leaves:
            return np.zeros(0)
        lengths = [len(leaves) for leaves in self.leaves]
        starts = np.cumsum([0, *lengths[:-1]])
        each = of_nodes[[leaf for leaves in self.leaves for leaf in leaves]]
        return np.asarray(np.logaddexp.reduceat(each, starts), dtype=np.float64)

    def ends(self, of_nodes: NDArray[np.float64], tree: PhraseTree) -> NDArray[np.float64]:
        """Return what of each score is due to nothing following the text, by its likeliest writing."""
        return np.array([_end(leaves, of_nodes, tree) for leaves in self.leaves])


@dataclass(frozen=True, eq=False)
class _Bare:
    """Scores without a hint; see :class:`~napari_medassist.voice.scores.Scores`."""

    phrases: NDArray[np.float64]
    written: NDArray[np.float64]
    others: NDArray[np.float64]
    ends: NDArray[np.float64]


class PhraseBook:
    """A grammar as a recogniser needs it.

    Parameters
    ----------
    phrases
        What may be said; two that differ in spelling only are one.
    listener
        The model.
    also_written
        Phrase, as ``plain`` writes it -> other texts that the model may write for it.
    n_bare
        How many of the likeliest phrases are scored without a hint too; the likeliest one is needed.

    Raises
    ------
    InvalidSetting
        If there is no phrase, or one without a word or of too many.
    """

    def __init__(
        self,
        phrases: Sequence[str],
        listener: Listener,
        also_written: Mapping[str, Sequence[str]] | None = None,
        n_bare: int = 1,
    ) -> None:
        found: dict[str, str] = {}
        for phrase in phrases:
            found.setdefault(plain(phrase), phrase)
            if len(listener.tokens_of(phrase)) > _LONGEST_PHRASE:
                raise InvalidSetting(
                    f"'{phrase[:40]}...' is too long for a phrase.", cure="Shorten or leave it out."
                )
        if not found or "" in found:
            raise InvalidSetting("A grammar needs phrases of words.", cure="Give one phrase a line.")
        self.phrases, self.plain = tuple(found.values()), tuple(found)
        self._listener, self._n_bare, self._also = listener, n_bare, dict(also_written or {})
        self._tree = PhraseTree()
        known = set(self.plain)
        self._of_phrases = self._added(self.phrases)
        twins = {plain(twin): twin for phrase in self.phrases for twin in swapped(phrase)}
        self._of_twins = self._added(twin for key, twin in twins.items() if key not in known)
        known |= set(twins)
        others = {plain(text): text for text in _others(self.phrases)}
        self._of_others = self._added(text for key, text in others.items() if key not in known)
        self._n_nodes = len(self._tree)
        self.hint = vocabulary_hint(self.phrases, listener)
        self._prompts = listener.prompt(), listener.prompt(self.hint)
        self.silent = self._without_sound()

    @property
    def twins(self) -> tuple[str, ...]:
        """Texts that are no phrases and differ from one in a word that matters."""
        return self._of_twins.plain

    @property
    def background(self) -> tuple[str, ...]:
        """Terms and commands that are not in the grammar."""
        return self._of_others.plain

    def scores(self, encoded: Encoded, seconds: float, beam: Beam | None = None) -> Scores:
        """Score an utterance.

        Parameters
        ----------
        encoded
            The utterance.
        seconds
            How long it is.
        beam
            How much of the tree is looked at.
        """
        listener, tree = self._listener, self._tree
        n_tokens = 8 + int(7 * seconds)
        one, two = (
            without_loops(listener.write_down(encoded, prompt, n_tokens)) or "."
            for prompt in self._prompts
        )
        written = self._added((one, two))
        near = {k for text in (one, two) for k in self._nearest(plain(text))}
        always = [self._of_phrases.leaves[k][0] for k in near]  # as they stand in the hint
        always += [leaf for leaves in written.leaves for leaf in leaves]
        kept = tree.all_on_the_way_to(always)
        prompted = listener.decoder.read(self._prompts[1], encoded.heard)
        nodes = listener.decoder.score(tree, prompted, listener.end, beam, kept)
        tree.cut(self._n_nodes)
        phrases = self._of_phrases.scores(nodes)
        bare = self._without_hint(encoded, phrases, (one, two))
        return Scores(
            phrases,
            self._of_twins.scores(nodes),
            self._of_others.scores(nodes),
            (one, two),
            written.scores(nodes),
            bare.phrases,
            bare.written,
            bare.others,
            self._of_phrases.ends(nodes, tree),
            bare.ends,
            seconds,
        )

    def _without_hint(
        self, encoded: Encoded, scores: NDArray[np.float64], written: tuple[str, str]
    ) -> _Bare:
        """Score the likeliest phrases, and what was written down, without a hint of the grammar."""
        order = np.argsort(-(scores - SILENCE_SHARE * self.silent), kind="stable")[: self._n_bare]
        likely = [int(k) for k in order if np.isfinite(scores[k])]
        others = {k: self._on_other_scales(self.phrases[k]) for k in likely}
        texts = [
            *(self.phrases[k] for k in likely),
            *written,
            *(other for k in likely for other in others[k]),
        ]
        prompted = self._listener.decoder.read(self._prompts[0], encoded.heard)
        found, their_ends = self._scored_alone(texts, prompted)
        phrases, ends, best = (np.full(len(scores), -np.inf) for _ in range(3))
        phrases[likely], ends[likely] = found[: len(likely)], their_ends[: len(likely)]
        left = iter(found[len(likely) + len(written) :])
        for k in likely:
            best[k] = max((next(left) for _ in others[k]), default=-np.inf)
        return _Bare(phrases, found[len(likely) :][: len(written)], best, ends)

    def _on_other_scales(self, phrase: str) -> tuple[str, ...]:
        known = set(self.plain)
        return tuple(other for other in on_other_scales(phrase) if plain(other) not in known)

    def _nearest(self, text: str) -> list[int]:
        found = process.extract(text[:_MOST_LETTERS], self.plain, scorer=fuzz.ratio, limit=_ALWAYS)
        return [int(k) for _, _, k in found]

    def _added(self, texts: Iterable[str]) -> _Texts:
        listener = self._listener
        kept = tuple(texts)
        leaves = tuple(
            tuple(self._tree.add([*listener.tokens_of(way), listener.end]) for way in self._ways(text))
            for text in kept
        )
        return _Texts(tuple(plain(text) for text in kept), leaves)

    def _ways(self, text: str) -> tuple[str, ...]:
        """Return the ways to write a text: those that were learned for a phrase too."""
        learned = self._also.get(plain(text), ())
        return tuple(dict.fromkeys(way for one in (text, *learned) for way in ways_to_write(one)))

    def _without_sound(self) -> NDArray[np.float64]:
        """Return how much each phrase is liked where nothing is heard."""
        read = self._listener.decoder.read(self._prompts[1], self._listener.silence.heard)
        found, _ = self._scored_alone(self.phrases, read)
        return found

    def _scored_alone(
        self, texts: Sequence[str], prompted: Prompted
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Score texts, all of them to their ends; return what is due to these too."""
        listener = self._listener
        alone = PhraseTree()
        leaves = [
            [alone.add([*listener.tokens_of(way), listener.end]) for way in self._ways(text)]
            for text in texts
        ]
        nodes = listener.decoder.score(alone, prompted, listener.end, EVERYTHING)
        scores = np.array([log_sum(nodes[own]) for own in leaves])
        return scores, np.array([_end(own, nodes, alone) for own in leaves])


def _end(leaves: Sequence[int], of_nodes: NDArray[np.float64], tree: PhraseTree) -> float:
    """Return the log probability that a text ends after its likeliest writing."""
    leaf = max(leaves, key=lambda node: of_nodes[node])
    if not np.isfinite(of_nodes[leaf]):
        return -np.inf
    return float(of_nodes[leaf] - of_nodes[tree.parent[leaf]])


def vocabulary_hint(phrases: Sequence[str], listener: Listener) -> str:
    """Return a text that shows a recogniser the words of a grammar, as long as a prompt may be.

    Phrases are chosen one by one, the one that shows most new words for its length first.
    """
    left = {word for phrase in phrases for word in phrase.split()}
    lengths = {phrase: len(listener.tokens_of(f"{phrase},")) for phrase in phrases}
    chosen: list[str] = []
    room = _PROMPT_TOKENS
    while left:
        fitting = [phrase for phrase in phrases if lengths[phrase] <= room]
        if not fitting:
            break
        best = max(fitting, key=lambda p: (len(left & set(p.split())) / len(p.split()), -len(p)))
        if not left & set(best.split()):
            break
        chosen.append(best)
        room -= lengths[best]
        left -= set(best.split())
    return f"{', '.join(chosen)}."


def _others(phrases: Sequence[str]) -> Iterable[str]:
    """Yield medical terms alone, and after each word with which several phrases begin."""
    for before in ("", *(f"{word} " for word in beginnings(phrases))):
        for term in medical_terms():
            yield before + term
