"""How far two or more readings of a case agree: where, in numbers, and what all can agree on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.annotation.consensus import Consensus, Method, consensus
from napari_medassist.app.reading.readings import Reading
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import Label, LabelMap, LabelScheme
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import Convention

#: Values of the difference map.
ONLY_FIRST, ONLY_SECOND, BOTH, OTHER_LABEL = 1, 2, 3, 4
#: Colours that stay apart with the common colour-vision deficiencies.
_COLOURS = {
    ONLY_FIRST: (230, 159, 0),
    ONLY_SECOND: (86, 180, 233),
    BOTH: (150, 150, 150),
    OTHER_LABEL: (204, 121, 167),
}
METRICS = ("dice", "cohen_kappa", "hd95_mm", "absolute_volume_difference_ml")


@dataclass(frozen=True)
class AgreementNumber:
    """One number of an agreement, as it is shown.

    Parameters
    ----------
    title
        What it is.
    text
        Its value with its unit, or that it is not defined.
    """

    title: str
    text: str


def map_pair(first: Reading, second: Reading) -> tuple[LabelMap, LabelMap]:
    """Return the label maps of two readings that stand for each other.

    Those on one grid with the same name; else the first two on one grid.

    Raises
    ------
    InvalidSetting
        If there are none on one grid.
    """
    same_grid = [(a, b) for a in first.maps for b in second.maps if a.geometry.is_same_grid(b.geometry)]
    if not same_grid:
        raise InvalidSetting(
            f"{first.reader} ({len(first.maps)}) and {second.reader} ({len(second.maps)}) have no "
            f"label maps of '{first.case}' on one grid.",
            cure="Both must draw on the same image.",
        )
    named = [(a, b) for a, b in same_grid if a.name == b.name]
    return (named or same_grid)[0]


def difference_map(
    first: LabelMap, second: LabelMap, readers: tuple[str, str] = ("first", "second")
) -> LabelMap:
    """Return where two label maps differ: 1 only first, 2 only second, 3 both, 4 both, other label.

    Raises
    ------
    GeometryMismatch
        If they do not have one grid.
    """
    first.geometry.require_same_grid(second.geometry, names=readers)
    a, b = np.asarray(first.array), np.asarray(second.array)
    values = np.zeros(a.shape, dtype=np.uint8)
    values[(a != 0) & (b == 0)] = ONLY_FIRST
    values[(a == 0) & (b != 0)] = ONLY_SECOND
    values[(a != 0) & (b != 0)] = OTHER_LABEL
    values[(a != 0) & (a == b)] = BOTH
    names = {
        ONLY_FIRST: f"only {readers[0]}",
        ONLY_SECOND: f"only {readers[1]}",
        BOTH: "both",
        OTHER_LABEL: "both, other label",
    }
    labels = tuple(Label(value, name, _COLOURS[value]) for value, name in names.items())
    name = f"Difference {readers[0]} - {readers[1]}"
    return LabelMap.on(first, values, name=name, scheme=LabelScheme(labels))


def agreement(
    first: LabelMap, second: LabelMap, convention: Convention, *, case: str = ""
) -> CaseEvaluation:
    """Return the evaluation of the second map against the first, with what readers are compared by.

    All labels are foreground together. Dice and kappa do not depend on who is first; the lesion F1 does
    where the convention treats the sides differently.

    Raises
    ------
    GeometryMismatch
        If they do not have one grid.
    """
    return evaluate(first, second, convention=convention, metrics=METRICS, case=case)


def numbers_of(evaluation: CaseEvaluation) -> tuple[AgreementNumber, ...]:
    """Return the numbers of an agreement as they are shown."""
    scores = evaluation.scores
    return (
        AgreementNumber("Dice", _shown(scores, "dice")),
        AgreementNumber("Lesion F1", _shown(scores, "lesion_f1")),
        AgreementNumber("Kappa", _shown(scores, "cohen_kappa")),
        AgreementNumber("HD95", _shown(scores, "hd95_mm", "mm", 1)),
        AgreementNumber("Volume apart", _shown(scores, "absolute_volume_difference_ml", "ml")),
    )


def readers_consensus(
    maps: Sequence[LabelMap], readers: Sequence[str], method: Method, *, case: str = ""
) -> Consensus:
    """Return the consensus of readers; its name and provenance say how and of whom.

    Raises
    ------
    InvalidSetting
        If there are fewer than two.
    GeometryMismatch
        If they do not have one grid.
    """
    name = f"Consensus ({method}) of {', '.join(readers)}"
    found = consensus(maps, method, name=name)
    provenance = Provenance(
        made_by=f"consensus {method}",
        sources=tuple(f"{case}/{reader}" for reader in readers),
        details=(("voxels tied", str(found.n_tied)),),
    )
    labels = found.labels.with_changes(provenance=provenance)
    return Consensus(labels, found.n_tied, found.sensitivity, found.specificity)


def consensus_in_words(
    found: Consensus, maps: Sequence[LabelMap], readers: Sequence[str], convention: Convention
) -> str:
    """Return the numbers of each reader against a consensus, a line each, under the name of it."""
    lines = [f"{found.labels.name}: {found.n_tied} voxels tied"]
    for reader, labels in zip(readers, maps, strict=True):
        scores = evaluate(found.labels, labels, convention=convention, metrics=("dice",)).scores
        told = f"{reader}: Dice {_shown(scores, 'dice')}, lesion F1 {_shown(scores, 'lesion_f1')}"
        lines.append(told)
    return "\n".join(lines)


def _shown(scores: Mapping[str, float], name: str, unit: str = "", decimals: int = 2) -> str:
    value = scores.get(name, math.nan)
    if math.isnan(value):
        return "not defined"
    return f"{value:.{decimals}f} {unit}".strip()
