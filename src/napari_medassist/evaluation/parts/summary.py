"""From the parts of many cases, zones or labels, to what they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan, nan

from napari_medassist.core.results import LesionCounts, Mean, PartEvaluation, PartSummary
from napari_medassist.metrics.registry import lesion_scores


class PartSums:
    """Adds up parts case by case, and holds no case."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str], _Sums] = {}

    def add(self, parts: Iterable[PartEvaluation]) -> None:
        """Add the parts of a case."""
        for part in parts:
            self._sums.setdefault((part.value, part.name), _Sums()).add(part)

    def summaries(self) -> tuple[PartSummary, ...]:
        """Return what was added, by rising value and name; what lies outside of all zones is last."""
        keys = sorted(self._sums, key=lambda key: (key[0] == 0, *key))
        return tuple(self._sums[key].summary(*key) for key in keys)


@dataclass
class _Total:
    """A metric of a part, added up."""

    total: float = 0.0
    n_defined: int = 0
    n_undefined: int = 0
    n_missed: int = 0

    def add(self, value: float, *, has_lesion: bool) -> None:
        if isnan(value):
            self.n_undefined += 1
            self.n_missed += has_lesion
        else:
            self.total += value
            self.n_defined += 1

    def mean(self) -> Mean:
        value = self.total / self.n_defined if self.n_defined else nan
        return Mean(value, self.n_defined, self.n_undefined, self.n_missed)


@dataclass
class _Sums:
    """A part, added up over cases."""

    n_cases: int = 0
    counts: LesionCounts = field(default_factory=LesionCounts)
    metrics: dict[str, _Total] = field(default_factory=dict)

    def add(self, part: PartEvaluation) -> None:
        self.n_cases += 1
        self.counts += part.counts
        for name, value in part.scores.items():
            total = self.metrics.setdefault(name, _Total())
            total.add(value, has_lesion=part.counts.n_reference_lesions > 0)

    def summary(self, value: int, name: str) -> PartSummary:
        micro = lesion_scores(self.counts)
        return PartSummary(
            value=value,
            name=name,
            n_cases=self.n_cases,
            means={metric: total.mean() for metric, total in sorted(self.metrics.items())},
            totals=self.counts,
            micro_recall=micro["lesion_recall"],
            micro_precision=micro["lesion_precision"],
        )
