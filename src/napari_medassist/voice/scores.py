"""What a recogniser thinks of an utterance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """Log probabilities of texts, in nats.

    Attributes
    ----------
    phrases
        (n,) of the grammar's phrases; minus infinity for those that were left early.
    twins, background
        The same of texts that differ from a phrase in one word that matters, and of terms and commands
        that are not in the grammar.
    written
        What the recogniser writes down by itself: without a hint, and knowing the grammar.
    written_scores
        Of these, as of phrases.
    bare_phrases, bare_written
        Scores without a hint: of the likeliest phrases (others are minus infinity), and of what was
        written down.
    bare_others
        Scores without a hint, of the likeliest phrases: the best of the same with another scale's name;
        minus infinity where none is named.
    ends, bare_ends
        What of the scores of phrases, with and without a hint, is due to nothing being said after them.
    seconds
        Of speech.
    """

    phrases: NDArray[np.float64]
    twins: NDArray[np.float64]
    background: NDArray[np.float64]
    written: tuple[str, str]
    written_scores: NDArray[np.float64]
    bare_phrases: NDArray[np.float64]
    bare_written: NDArray[np.float64]
    bare_others: NDArray[np.float64]
    ends: NDArray[np.float64]
    bare_ends: NDArray[np.float64]
    seconds: float
