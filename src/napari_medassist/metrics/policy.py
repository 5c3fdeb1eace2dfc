"""What a metric is worth when a mask is empty, as a convention wants it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf, nan
from typing import Literal, Protocol

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.metrics.pair import EmptySide, MaskPair
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Family, MetricSpec

Outcome = Literal["undefined", "worst", "best_if_both"]


class EmptyOutcomes(Protocol):
    """What a metric is worth in each situation, and what the worst distance is.

    ``napari_medassist.evaluation.rules.EmptyRule`` is one.
    """

    @property
    def both(self) -> Outcome:
        """Neither mask has a voxel."""

    @property
    def reference_only(self) -> Outcome:
        """Only the reference is empty."""

    @property
    def prediction_only(self) -> Outcome:
        """Only the prediction is empty."""

    @property
    def worst_distance_mm(self) -> float | None:
        """The worst distance in mm; None for the diagonal of the image."""


def value_when_empty(
    spec: MetricSpec, outcome: Outcome, side: EmptySide, *, worst_distance: float
) -> float:
    """Return what a metric is worth when masks are empty.

    Parameters
    ----------
    spec
        The metric: its range and its better direction say what best and worst are.
    outcome
        ``undefined``: NaN. ``worst``: the worst possible value. ``best_if_both``: the best possible one
        if both masks are empty, the worst one else.
    side
        Which masks are empty.
    worst_distance
        The worst value of metrics that have no bound: the distances.

    Raises
    ------
    InvalidSetting
        If the metric has no better direction, so that nothing is its best or worst.
    """
    if outcome == "undefined":
        return nan
    value = spec.best if outcome == "best_if_both" and side == "both" else spec.worst
    if value is None:
        raise InvalidSetting(f"{spec.title} has neither a best nor a worst value.")
    return worst_distance if isinf(value) else value


def with_empty_rules(
    scores: Mapping[str, float], pair: MaskPair, *, overlap: EmptyOutcomes, distance: EmptyOutcomes
) -> dict[str, float]:
    """Return scores in which empty masks mean what a convention says.

    Where both masks have voxels nothing changes, nor for metrics of the family ``OTHER`` (volumes,
    rates, calibration), which keep their own policy.

    Parameters
    ----------
    scores
        Values by metric name, as :func:`~napari_medassist.metrics.registry.voxel_scores` returns them.
    pair
        The masks that they belong to.
    overlap, distance
        The rules of the two families.

    Raises
    ------
    UnknownItem
        If a name is no metric.
    """
    side = pair.empty_side
    if side is None:
        return dict(scores)
    rules = {Family.OVERLAP: overlap, Family.DISTANCE: distance}
    changed = dict(scores)
    for name in scores:
        spec = METRICS.get(name)
        rule = rules.get(spec.family)
        if rule is not None:
            outcome: Outcome = getattr(rule, side)
            worst = _worst_distance(rule, pair)
            changed[name] = value_when_empty(spec, outcome, side, worst_distance=worst)
    return changed


def _worst_distance(rule: EmptyOutcomes, pair: MaskPair) -> float:
    return pair.diagonal_mm if rule.worst_distance_mm is None else rule.worst_distance_mm
