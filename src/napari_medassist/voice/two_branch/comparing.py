"""The network with its eyes shut, its ears shut, with both open; and the recogniser alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from napari_medassist.core.progress import Progress, silent
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.labels import LabelVocabulary
from napari_medassist.voice.recognisers.outcome import Recogniser
from napari_medassist.voice.sound import RATE_HZ, read_sound
from napari_medassist.voice.transcribing import understood
from napari_medassist.voice.two_branch.judging import Judged, joined, judged
from napari_medassist.voice.two_branch.learning import Labeller
from napari_medassist.voice.two_branch.samples import Prepared, Sample

BOTH, SOUND, PICTURE, RECOGNISER = "both", "sound only", "picture only", "recogniser"
_WAYS = {BOTH: (True, True), SOUND: (True, False), PICTURE: (False, True)}


def compare_inputs(labeller: Labeller, samples: Prepared) -> dict[str, Judged]:
    """Judge a network that is given both inputs, the sound alone, and the picture alone."""
    found = {}
    for name, (hears, sees) in _WAYS.items():
        likely = labeller.probabilities(samples, hears=hears, sees=sees).argmax(axis=1)
        found[name] = judged(samples.names, samples.labels, likely.tolist())
    return found


def judge_recogniser(
    recogniser: Recogniser,
    vocabulary: LabelVocabulary,
    samples: Sequence[Sample],
    names: Sequence[str],
    progress: Progress = silent,
) -> Judged:
    """Judge what a recogniser alone makes of the sounds: the first label that it hears, if any."""
    true, given = [], []
    for n, one in enumerate(samples):
        progress(n, len(samples), "Recognising")
        true.append(list(names).index(one.label))
        given.append(_heard(recogniser, vocabulary, one, list(names)))
    return judged(names, true, given)


def leave_one_out(
    samples: Prepared, learn: Callable[[Prepared], Labeller]
) -> tuple[Mapping[str, dict[str, Judged]], dict[str, Judged]]:
    """Judge by samples of each group a network that has learned from the others.

    Parameters
    ----------
    samples
        All samples.
    learn
        Returns a network that has learned from some.

    Returns
    -------
    by_group, all_groups
        What :func:`compare_inputs` gives, of each group, and of all together.
    """
    groups = sorted(set(samples.groups.tolist()))
    by_group = {}
    for group in groups:
        is_out = samples.groups == group
        by_group[group] = compare_inputs(learn(samples.of(~is_out)), samples.of(is_out))
    total = {name: joined([found[name] for found in by_group.values()]) for name in _WAYS}
    return by_group, total


def _heard(
    recogniser: Recogniser, vocabulary: LabelVocabulary, sample: Sample, names: list[str]
) -> int | None:
    if sample.sound is None:
        return None
    sound = read_sound(sample.sound)
    utterance = Utterance(np.asarray(sound), 0.0, len(sound) / RATE_HZ, 0.0)
    comments = understood(utterance, vocabulary, recogniser.recognise(sound)).comments
    return names.index(comments[0].label) if comments and comments[0].label in names else None
