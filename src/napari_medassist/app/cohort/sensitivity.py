"""How far the headline numbers depend on the convention: the same files under several of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.core.results import CohortEvaluation, Status
from napari_medassist.evaluation.detection.case_level import auroc
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.tables.results import Table, Values

#: The means in the table, each followed by the number of cases where it is defined.
_MEANS = ("dice", "hd_mm", "hd95_mm", "assd_mm")

SENSITIVITY_COLUMNS = (
    "convention",
    "n_compared",
    "n_not_compared",
    *(column for name in _MEANS for column in (name, f"n_{name}")),
    "n_reference_lesions",
    "n_predicted_lesions",
    "tp_reference",
    "fn",
    "tp_prediction",
    "fp",
    "ignored_reference",
    "ignored_prediction",
    "micro_recall",
    "micro_precision",
    "micro_f1",
    "fp_per_case",
    "n_hidden_errors",
)


#: What predictions with confidences have besides; empty for label maps.
CONFIDENCE_COLUMNS = ("average_precision", "auroc", "luna16_score")


def sensitivity_of(cohorts: Sequence[CohortEvaluation]) -> Table:
    """Return a row a convention with the headline numbers of one cohort.

    Parameters
    ----------
    cohorts
        The same cases under several conventions. Means are taken over the cases where the metric is
        defined, whose number depends on the convention too and stands beside each.
    """

    def rows() -> Iterator[Values]:
        for cohort in cohorts:
            name = str(cohort.convention["name"])
            yield (name, *headline_of(cohort), *confidence_headline_of(cohort))

    return Table((*SENSITIVITY_COLUMNS, *CONFIDENCE_COLUMNS), rows)


def headline_of(cohort: CohortEvaluation) -> Values:
    """Return the headline numbers of a cohort, in the order of :data:`SENSITIVITY_COLUMNS`."""
    n_compared, totals = cohort.n_by_status[Status.OK], cohort.totals
    means = (cohort.means[name] for name in _MEANS)
    counted = totals.tp_reference + totals.tp_prediction + totals.fn + totals.fp
    recall, precision = cohort.micro_recall, cohort.micro_precision
    both = recall + precision
    return (
        n_compared,
        len(cohort.cases) - n_compared,
        *(value for mean in means for value in (mean.value, mean.n_defined)),
        totals.n_reference_lesions,
        totals.n_predicted_lesions,
        totals.tp_reference,
        totals.fn,
        totals.tp_prediction,
        totals.fp,
        totals.ignored_reference,
        totals.ignored_prediction,
        recall,
        precision,
        2 * recall * precision / both if both > 0 else (0.0 if counted else None),
        totals.fp / n_compared if n_compared else None,
        len(cohort.hidden_errors.cases),
    )


def confidence_headline_of(cohort: CohortEvaluation) -> Values:
    """Return the numbers of :data:`CONFIDENCE_COLUMNS`; None each where there are no confidences."""
    scored = scored_cases(cohort)
    if not scored:
        return (None,) * len(CONFIDENCE_COLUMNS)
    curve = detection_curve(scored)
    return curve.average_precision, auroc(scored), curve.luna16_score()
