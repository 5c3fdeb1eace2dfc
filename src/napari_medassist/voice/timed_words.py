"""Words with the time at which they were said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TimedWord:
    """A word of what was written down.

    Attributes
    ----------
    text
        As it was written, with its punctuation.
    begin_s, end_s
        When it was said, in seconds from the beginning of the utterance.
    """

    text: str
    begin_s: float
    end_s: float
