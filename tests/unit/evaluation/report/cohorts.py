"""Small cohorts with known numbers for the tests of the report."""

from __future__ import annotations

from math import nan

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    FurtherCounts,
    JudgedLesion,
    LesionCounts,
    LesionVerdict,
    Status,
)
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.metrics.registry import lesion_scores

EVIL = "</script><script>alert(1)</script>"


def lesion(number: int, side: Side, *, right: bool, ml: float = 0.5) -> JudgedLesion:
    return JudgedLesion(
        id=number,
        side=side,
        n_voxels=10,
        volume_ml=ml,
        centroid_index_zyx=(1.0, 1.0, 1.0),
        start_zyx=(1, 1, 1),
        stop_zyx=(2, 2, 2),
        verdict=LesionVerdict.of(side, positive=right),
    )


def case(name: str, dice: float, *counts: int, ml: float = 0.5, hd_mm: float = 3.0) -> CaseEvaluation:
    """Return a case with tp_reference, fn, tp_prediction, fp lesions, all of one volume."""
    found = LesionCounts(*counts)
    sides = ((Side.REFERENCE, counts[0], counts[1]), (Side.PREDICTION, counts[2], counts[3]))
    lesions = tuple(
        lesion(number + 1, side, right=number < n_right, ml=ml)
        for side, n_right, n_wrong in sides
        for number in range(n_right + n_wrong)
    )
    return CaseEvaluation(
        name,
        scores={"dice": dice, "hd_mm": hd_mm, "hd95_mm": hd_mm, **lesion_scores(found)},
        counts=found,
        further_counts=FurtherCounts(),
        lesions=lesions,
    )


def failed(name: str, message: str) -> CaseEvaluation:
    return CaseEvaluation(name, Status.ERROR, message)


def cohort() -> CohortEvaluation:
    """Return eight cases: one hides an error, two alarm falsely, one is empty, one failed."""
    return summarise(
        (
            case("hides", 0.9, 1, 1, 1, 1),
            case(EVIL, 0.8, 1, 0, 1, 0, ml=2.0),
            case("alarms", 0.3, 1, 0, 1, 0),
            case("alarms too", 0.4, 2, 0, 2, 0),
            case("misses", 0.0, 0, 1, 0, 0, ml=0.1, hd_mm=nan),
            case("false only", 0.0, 0, 0, 0, 2, hd_mm=nan),
            case("healthy", nan, 0, 0, 0, 0, hd_mm=nan),
            failed("broken", "The file /home/someone/x.nii cannot be read."),
        )
    )


def model(name: str = "") -> ModelColumns:
    return ModelColumns.of(name, cohort())
