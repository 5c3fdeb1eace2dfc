"""Comments of a recording turned into labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from napari_medassist.core.progress import Progress, silent
from napari_medassist.voice.activity import Endpoints, Segmenter, Utterance
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.labels import LabelVocabulary
from napari_medassist.voice.recognisers.outcome import Outcome, Recogniser
from napari_medassist.voice.sound import (
    LONGEST_PHRASE_S,
    RATE_HZ,
    Samples,
    sound_begin_s,
    sound_blocks,
)
from napari_medassist.voice.timeline import Comment, Interval, Reach
from napari_medassist.voice.wording import plain

#: With what is heard before and after it, the longest comment is as long as the longest phrase.
_AROUND_S = 1.0


@dataclass(frozen=True)
class Heard:
    """An utterance of a recording, and the labels that it names.

    Attributes
    ----------
    begin_s, end_s
        When it was said.
    text
        What was written down.
    comments
        What it names; none if it names nothing.
    """

    begin_s: float
    end_s: float
    text: str
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class Transcript:
    """All that was said in a recording.

    Attributes
    ----------
    duration_s
        Its length.
    heard
        Utterances, in order.
    """

    duration_s: float
    heard: tuple[Heard, ...]

    @property
    def comments(self) -> tuple[Comment, ...]:
        """All labels that were named."""
        return tuple(comment for one in self.heard for comment in one.comments)


def transcribe(
    path: Path,
    vocabulary: LabelVocabulary,
    recogniser: Recogniser,
    progress: Progress = silent,
) -> Transcript:
    """Listen to a recording and find the labels that are named in it.

    It is read block by block: a long one needs no more memory than a short one. Times of a video count
    from its first frame, wherever its sound begins.

    Parameters
    ----------
    path
        A sound or a video with sound.
    vocabulary
        What may be named.
    recogniser
        One that listens for ``vocabulary.phrases``.
    progress
        Told how much was heard; may raise ``Cancelled``.

    Raises
    ------
    FileProblem, UnsupportedFormat, CorruptFile
        If it cannot be read, or has no sound.
    """
    begin_s = sound_begin_s(path)
    n_samples = 0
    heard: list[Heard] = []

    def counted(blocks: Iterable[Samples]) -> Iterator[Samples]:
        nonlocal n_samples
        for block in blocks:
            n_samples += len(block)
            yield block

    for in_sound in utterances(counted(sound_blocks(path))):
        utterance = in_sound.later_by(begin_s)
        progress(round(utterance.end_s), 0, f"{utterance.end_s:.0f} s heard")
        heard.append(understood(utterance, vocabulary, recogniser.recognise(utterance.samples)))
    return Transcript(max(0.0, begin_s) + n_samples / RATE_HZ, tuple(heard))


def as_plain(
    source: str, recogniser: str, made: Transcript, reach: Reach, found: Sequence[Interval]
) -> dict[str, Any]:
    """Return a transcript and its intervals as a JSON file holds them; times in seconds."""
    seconds: dict[str, float] = {}
    for one in found:
        seconds[one.label] = seconds.get(one.label, 0.0) + one.end_s - one.begin_s
    return {
        "schema": "napari-medassist timeline 1",
        "source": source,
        "recogniser": recogniser,
        "duration_s": round(made.duration_s, 3),
        "reach": asdict(reach),
        "seconds_by_label": {label: round(total, 3) for label, total in seconds.items()},
        "doubtful_s": round(sum(one.end_s - one.begin_s for one in found if not one.is_sure), 3),
        "intervals": [one.to_plain() for one in found],
        "utterances": [
            {
                "begin_s": round(one.begin_s, 3),
                "end_s": round(one.end_s, 3),
                "written": one.text,
                "labels": [
                    {"label": c.label, "is_sure": c.is_sure, "confidence": round(c.confidence, 4)}
                    for c in one.comments
                ],
            }
            for one in made.heard
        ],
    }


def utterances(blocks: Iterable[Samples]) -> Iterator[Utterance]:
    """Yield what is said in a stream."""
    segmenter = Segmenter(endpoints=Endpoints(longest_s=LONGEST_PHRASE_S - _AROUND_S))
    for block in blocks:
        yield from segmenter.push(block)
    yield from segmenter.finish()


def understood(utterance: Utterance, vocabulary: LabelVocabulary, found: Outcome) -> Heard:
    """Return what an utterance names.

    A phrase that is sure enough to be executed names its label. Else labels are looked for in what was
    written down, as they are in a sentence: one that is written with and without a hint of the
    vocabulary is sure, others want a second look, as phrases do that would be asked about.

    A label has the time of the utterance; several in one breath have each that of its own words, if the
    recogniser can tell, the first one from the beginning of the utterance, the last one to its end.
    """
    begin, end = utterance.begin_s, utterance.end_s
    texts = (found.written, found.written_with_hint)
    named = [vocabulary.named_in(text) for text in texts]
    sure: dict[str, tuple[bool, float]] = {}
    if found.action is Action.EXECUTE:
        sure[vocabulary.label_of(found.text)] = (True, found.confidence)
    for label in dict.fromkeys((*named[0], *named[1])):
        share = sum(label in one for one in named) / len(named)
        sure.setdefault(label, (share == 1, share))
    if not sure and found.action is Action.ASK:
        sure[vocabulary.label_of(found.text)] = (False, found.confidence)
    times = _times_of(list(sure), vocabulary, found) if len(sure) > 1 else None
    spans = dict.fromkeys(sure, (begin, end))
    if times is not None:
        order = sorted(times, key=lambda label: times[label])
        spans = {label: (begin + one, begin + other) for label, (one, other) in times.items()}
        spans[order[0]] = (begin, spans[order[0]][1])
        spans[order[-1]] = (spans[order[-1]][0], end)
    comments = (
        Comment(*spans[label], label, is_sure, confidence, texts[0])
        for label, (is_sure, confidence) in sure.items()
    )
    return Heard(begin, end, found.written, tuple(sorted(comments, key=lambda one: one.begin_s)))


def _times_of(
    labels: list[str], vocabulary: LabelVocabulary, found: Outcome
) -> dict[str, tuple[float, float]] | None:
    """Return when the words of each label were said; None unless that is known of all of them."""
    times: dict[str, tuple[float, float]] = {}
    for text, words in zip((found.written, found.written_with_hint), found.word_times, strict=True):
        each = [(part, word) for word in words for part in plain(word.text).split()]
        if [part for part, _ in each] != plain(text).split():
            continue  # what is one word there is two here
        for label, (first, last) in vocabulary.places_in(text).items():
            times.setdefault(label, (each[first][1].begin_s, each[last][1].end_s))
    return times if times.keys() >= set(labels) else None
