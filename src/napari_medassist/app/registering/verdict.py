"""Whether to believe an alignment: a traffic light, and what speaks for and against it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from napari_medassist.app.registering.carrying import CarriedLabels
from napari_medassist.app.registering.quality import AlignmentQuality
from napari_medassist.core.errors import InvalidSetting


class Light(StrEnum):
    """How an alignment is judged."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"

    @property
    def in_words(self) -> str:
        """What it means to a reader."""
        return {
            Light.GREEN: "nothing speaks against it",
            Light.YELLOW: "look closely before you use it",
            Light.RED: "do not use it",
        }[self]


_RANK = {Light.GREEN: 0, Light.YELLOW: 1, Light.RED: 2}


@dataclass(frozen=True)
class Thresholds:
    """From where on a measure is doubtful (yellow), and from where on it is bad (red).

    Attributes
    ----------
    target_error_mm
        Mean target registration error. A lesion of half a millilitre has a radius of 5 mm.
    way_back_mm
        Percentile 95 there and back.
    folded_share
        Share of folded voxels.
    log_jacobian_sd
        Spread of local growth.
    least_overlap
        Share of the fixed image's body that the moving one shows; below is worse.
    lost_information
        Which share of the normalised mutual information above 1 is lost.
    lost_dice
        By how much the Dice of a label map falls.
    """

    target_error_mm: tuple[float, float] = (3.0, 5.0)
    way_back_mm: tuple[float, float] = (2.0, 5.0)
    folded_share: tuple[float, float] = (0.0, 0.005)
    log_jacobian_sd: tuple[float, float] = (0.35, 0.7)
    least_overlap: tuple[float, float] = (0.5, 0.2)
    lost_information: tuple[float, float] = (0.03, 0.15)
    lost_dice: tuple[float, float] = (0.005, 0.05)

    @classmethod
    def from_settings(cls, plain: Mapping[str, Any]) -> Thresholds:
        """Read what :meth:`settings` wrote; what is not there keeps its default.

        Raises
        ------
        InvalidSetting
            If a name is unknown, or a value is not two numbers.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(plain) - known)
        if unknown:
            raise InvalidSetting(
                f"There is no threshold {', '.join(unknown)}.",
                cure=f"Known: {', '.join(sorted(known))}.",
            )
        found = {}
        for name, value in plain.items():
            try:
                doubtful, bad = (float(v) for v in value)
            except (TypeError, ValueError) as error:
                raise InvalidSetting(f"'{name}' needs two numbers: doubtful and bad.") from error
            found[name] = (doubtful, bad)
        return cls(**found)

    def settings(self) -> dict[str, list[float]]:
        """Return plain values."""
        return {name: list(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Reason:
    """One thing that was looked at.

    Attributes
    ----------
    light
        How it is judged by itself.
    text
        What was seen, with its numbers.
    """

    light: Light
    text: str


@dataclass(frozen=True)
class Verdict:
    """A judgement: as bad as its worst reason.

    Attributes
    ----------
    light
        The judgement.
    reasons
        The worst first.
    """

    light: Light
    reasons: tuple[Reason, ...]

    @property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against it, the worst first."""
        return tuple(reason.text for reason in self.reasons if reason.light is not Light.GREEN)


def judged(quality: AlignmentQuality, thresholds: Thresholds | None = None) -> Verdict:
    """Judge an alignment by what was measured of it.

    A green light says that nothing speaks against it. That the anatomy lies right can only be seen, or
    measured on landmarks or label maps of both images.
    """
    limits = thresholds or Thresholds()
    reasons = [
        *_of_images(quality, limits),
        *_of_space(quality, limits),
        *_of_targets(quality, limits),
    ]
    for carried in quality.carried:
        reasons += _of_labels(carried, limits)
    targets = quality.targets
    nothing_measured = targets is None or not (targets.n_measured or targets.left_out)
    if nothing_measured and all(c.after is None for c in quality.carried):
        told = "No landmarks or label maps of both images: where the anatomy lies was not measured."
        reasons.append(Reason(Light.GREEN, told))
    ordered = tuple(sorted(reasons, key=lambda reason: -_RANK[reason.light]))
    return Verdict(ordered[0].light, ordered)


def _above(value: float, limits: tuple[float, float]) -> Light:
    """Judge a number of which more is worse; what is not defined is doubtful."""
    if math.isnan(value):
        return Light.YELLOW
    doubtful, bad = limits
    return Light.RED if value > bad else Light.YELLOW if value > doubtful else Light.GREEN


def _of_images(quality: AlignmentQuality, limits: Thresholds) -> Iterator[Reason]:
    least = (-limits.least_overlap[0], -limits.least_overlap[1])
    share = f"The moving image shows {quality.overlap_share:.0%} of what counts of the fixed image."
    yield Reason(_above(-quality.overlap_share, least), share)
    before, after = quality.information_before, quality.information_after
    if math.isnan(after):
        yield Reason(Light.YELLOW, "They share too few voxels to tell how alike they are.")
    elif math.isnan(before):
        told = f"Mutual information {after:.3f}; where it began they shared too few voxels to tell."
        yield Reason(Light.GREEN, told)
    else:
        lost = (before - after) / max(before - 1, 1e-9)
        light = _above(lost, limits.lost_information)
        word = "rises" if after > before else "stays" if after == before else "falls"
        yield Reason(light, f"Mutual information {word} from {before:.3f} to {after:.3f}.")


def _of_space(quality: AlignmentQuality, limits: Thresholds) -> Iterator[Reason]:
    space = quality.space
    if space.log_jacobian_sd > 1e-9 or space.folded_share:
        folded = f"{space.folded_share:.2%} of the voxels are folded."
        yield Reason(_above(space.folded_share, limits.folded_share), folded)
        low, high = space.volume_factors
        told = (
            f"Volumes change by factors of {low:.2f} to {high:.2f} "
            f"(spread of their logarithm {space.log_jacobian_sd:.2f})."
        )
        yield Reason(_above(space.log_jacobian_sd, limits.log_jacobian_sd), told)
    if quality.way_back_mm is not None:
        middle, far = quality.way_back_mm
        told = f"There and back, points are off by {middle:.2f} mm (median), {far:.2f} mm (95 %)."
        yield Reason(_above(far, limits.way_back_mm), told)
    else:
        told = "The way back was not done: whether there and back agree was not measured."
        yield Reason(Light.GREEN, told)


def _of_targets(quality: AlignmentQuality, limits: Thresholds) -> Iterator[Reason]:
    targets = quality.targets
    if targets is None:
        return
    before, after = targets.mean_before, targets.mean_after
    if targets.left_out is not None:
        left = targets.left_out
        told = (
            f"Mean error of the landmarks that decide, each left out in turn: {left.value:.1f} mm "
            f"(95 % interval {left.low:.1f} to {left.high:.1f})."
        )
        yield Reason(_above(left.value, limits.target_error_mm), told)
        if not targets.n_measured:
            return
    if not targets.n_measured:
        told = (
            f"The {targets.n_guides} landmarks that guided: {before.value:.1f} mm before, "
            f"{after.value:.1f} mm after. That tells nothing of other places."
        )
        yield Reason(Light.GREEN, told)
        return
    light = _above(after.value, limits.target_error_mm)
    if after.value > before.value and light is Light.GREEN:
        light = Light.YELLOW
    n = targets.n_measured
    interval = f" (95 % interval {after.low:.1f} to {after.high:.1f})" if n > 1 else ""
    told = (
        f"Mean error of {n} landmark{'s' * (n != 1)}: {before.value:.1f} mm before, "
        f"{after.value:.1f} mm after{interval}."
    )
    yield Reason(light, told)


def _of_labels(carried: CarriedLabels, limits: Thresholds) -> Iterator[Reason]:
    name = carried.labels.name or "labels"
    if carried.before is not None and carried.after is not None:
        before, after = carried.before, carried.after
        if not (math.isnan(before.dice) or math.isnan(after.dice)):
            light = _above(before.dice - after.dice, limits.lost_dice)
            told = f"{name}: Dice {before.dice:.3f} before, {after.dice:.3f} after"
            surfaces = (before.score("assd_mm"), after.score("assd_mm"))
            if not any(map(math.isnan, surfaces)):
                told += f"; surfaces {surfaces[0]:.2f} mm apart before, {surfaces[1]:.2f} mm after"
            yield Reason(light, f"{told}.")
        for number, was, is_now in carried.changed_verdicts:
            told = f"{name}: the alignment turns reference lesion {number} from {was} to {is_now}."
            yield Reason(Light.YELLOW if is_now.is_error else Light.GREEN, told)
    gone = [lesion for lesion in carried.lesions if lesion.volume_after_ml == 0]
    if gone:
        told = f"{name}: {len(gone)} of {len(carried.lesions)} parts lie outside of the fixed image."
        yield Reason(Light.YELLOW, told)
