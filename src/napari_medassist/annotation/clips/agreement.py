"""How far two readers label the frames of a clip alike, and where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange

Labels = frozenset[str]


@dataclass(frozen=True)
class LabelAgreement:
    """How long a label was given.

    Attributes
    ----------
    both_s, first_only_s, second_only_s
        Seconds: by both readers, by the first one only, by the second one only.
    """

    both_s: float
    first_only_s: float
    second_only_s: float

    @property
    def dice(self) -> float | None:
        """Twice what both labelled over the sum of what each did; None if neither did."""
        total = 2 * self.both_s + self.first_only_s + self.second_only_s
        return 2 * self.both_s / total if total > 0 else None


@dataclass(frozen=True)
class Agreement:
    """Two readings of a clip, frame by frame, each as long as it is shown.

    Attributes
    ----------
    by_label
        How long each label was given, by its name.
    labelled_s
        Seconds that either reader labelled.
    same_s
        Of these, seconds with the same labels.
    kappa
        Cohen's kappa of the labels of a frame, *none* among them (Cohen 1960), weighted by time; None
        where chance alone agrees throughout, as when neither reader labelled anything.
    differences
        First and last frame of each stretch with the same difference, in order.
    """

    by_label: Mapping[str, LabelAgreement]
    labelled_s: float
    same_s: float
    kappa: float | None
    differences: tuple[tuple[int, int], ...]


def agreement(first: Sequence[FrameRange], second: Sequence[FrameRange], key: ClipKey) -> Agreement:
    """Compare two readings of one clip.

    Parameters
    ----------
    first, second
        Ranges of each reader; a frame may carry several labels.
    key
        The clip that both belong to.

    Raises
    ------
    InvalidSetting
        If a range does not lie within the clip.
    """
    here, there = _by_frame(first, key), _by_frame(second, key)
    shown_s = _shown_s(key)
    names = sorted({one.label for one in (*first, *second)})
    return Agreement(
        {name: _of_label(name, here, there, shown_s) for name in names},
        _seconds(shown_s, (bool(a or b) for a, b in zip(here, there, strict=True))),
        _seconds(shown_s, (bool(a) and a == b for a, b in zip(here, there, strict=True))),
        _kappa(here, there, shown_s),
        _differences(here, there),
    )


def _by_frame(ranges: Iterable[FrameRange], key: ClipKey) -> list[Labels]:
    found: list[Labels] = [frozenset()] * key.n_frames
    for one in ranges:
        key.require(one)
        for frame in range(one.first, one.last + 1):
            found[frame] |= {one.label}
    return found


def _shown_s(key: ClipKey) -> NDArray[np.float64]:
    """Return how long each frame is shown; frames without a time of their own count alike."""
    shown = np.diff(key.times_s, append=key.times_s[-1] + key.frame_s)
    return shown if shown.sum() > 0 else np.ones(key.n_frames)


def _seconds(shown_s: NDArray[np.float64], which: Iterable[bool]) -> float:
    return float(shown_s[np.fromiter(which, bool, len(shown_s))].sum())


def _of_label(
    name: str, here: list[Labels], there: list[Labels], shown_s: NDArray[np.float64]
) -> LabelAgreement:
    one, two = (np.array([name in labels for labels in reading]) for reading in (here, there))
    return LabelAgreement(
        *(float(shown_s[which].sum()) for which in (one & two, one & ~two, two & ~one))
    )


def _kappa(here: list[Labels], there: list[Labels], shown_s: NDArray[np.float64]) -> float | None:
    kinds = {labels: k for k, labels in enumerate(dict.fromkeys((*here, *there)))}
    one, two = (np.array([kinds[labels] for labels in reading]) for reading in (here, there))
    share = shown_s / shown_s.sum()
    observed = float(share[one == two].sum())
    sums = [np.bincount(reading, share, len(kinds)) for reading in (one, two)]
    chance = float(sums[0] @ sums[1])
    return None if chance > 1 - 1e-12 else (observed - chance) / (1 - chance)


def _differences(here: list[Labels], there: list[Labels]) -> tuple[tuple[int, int], ...]:
    found = []
    for (one, two), frames in groupby(range(len(here)), key=lambda k: (here[k], there[k])):
        if one != two:
            stretch = list(frames)
            found.append((stretch[0], stretch[-1]))
    return tuple(found)
