"""How often labels are right, what is taken for what, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Judged:
    """Labels that were given, against those that are true.

    Attributes
    ----------
    names
        The labels.
    confusion
        (labels, labels + 1): true label, given label; the last column counts samples without one.
    """

    names: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of samples whose label is right; those without one are wrong; NaN without samples."""
        return float(np.trace(self.confusion)) / self.n if self.n else nan

    @property
    def interval_95(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson); NaN without samples."""
        return wilson(int(np.trace(self.confusion)), self.n)

    def recall(self) -> dict[str, float]:
        """Return the share of each label's samples that were given it; NaN without samples."""
        totals = self.confusion.sum(axis=1)
        return {
            name: float(self.confusion[k, k] / totals[k]) if totals[k] else nan
            for k, name in enumerate(self.names)
        }

    def precision(self) -> dict[str, float]:
        """Return the share of the samples that were given a label and have it; NaN if none was."""
        given = self.confusion.sum(axis=0)
        return {
            name: float(self.confusion[k, k] / given[k]) if given[k] else nan
            for k, name in enumerate(self.names)
        }

    def to_plain(self) -> dict[str, Any]:
        """Return what a JSON file holds; NaN as None."""
        low, high = self.interval_95
        return {
            "n": self.n,
            "accuracy": _finite(self.accuracy),
            "interval_95": [_finite(low), _finite(high)],
            "labels": list(self.names),
            "confusion": self.confusion.tolist(),
            "recall": {name: _finite(v) for name, v in self.recall().items()},
            "precision": {name: _finite(v) for name, v in self.precision().items()},
        }


def judged(
    names: Sequence[str], true: Sequence[int] | NDArray[np.int64], given: Sequence[int | None]
) -> Judged:
    """Compare labels.

    Parameters
    ----------
    names
        The labels.
    true, given
        Places in ``names``; None where no label was given.
    """
    confusion = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    for is_, said in zip(true, given, strict=True):
        confusion[int(is_), len(names) if said is None else said] += 1
    return Judged(tuple(names), confusion)


def joined(parts: Sequence[Judged]) -> Judged:
    """Return several comparisons of the same labels as one."""
    return Judged(parts[0].names, np.sum([part.confusion for part in parts], axis=0))


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); NaN without samples."""
    if not n:
        return nan, nan
    z, p = 1.959964, n_right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def in_words(judged_: Judged) -> str:
    """Return accuracy with its interval, and the confusion matrix, as text."""
    low, high = judged_.interval_95
    lines = [f"{judged_.accuracy:.1%} of {judged_.n} right ({low:.1%} to {high:.1%})"]
    width = max(len(name) for name in judged_.names)
    heads = [*judged_.names, "none"]
    lines.append(" " * width + "  " + "  ".join(heads))
    for name, row in zip(judged_.names, judged_.confusion.tolist(), strict=True):
        cells = "  ".join(f"{n:>{len(head)}}" for n, head in zip(row, heads, strict=True))
        lines.append(f"{name:<{width}}  {cells}")
    return "\n".join(lines)


def _finite(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
