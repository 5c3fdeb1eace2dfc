"""The comparison of one case as a task for any process: files in, results out, nothing raised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from napari_medassist.app.cohort.content import file_digest, settings_key
from napari_medassist.app.cohort.division import (
    NO_DIVISION,
    Compared,
    Division,
    ZoneFile,
    divided,
    read_zones,
)
from napari_medassist.app.cohort.labels_held import held_of
from napari_medassist.app.cohort.maps import read_map
from napari_medassist.app.cohort.packed import CaseRecord, to_json
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.cohort.plain import to_plain
from napari_medassist.app.cohort.swept import SweptCase
from napari_medassist.core.errors import Cancelled, GeometryMismatch, MedAssistError
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.results import CaseEvaluation, Settings, Status, ZoneStatus
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.detection.scoring import scored as score_matched
from napari_medassist.evaluation.detection.sweep import sweep
from napari_medassist.evaluation.inputs.masks import Kind, Predicted
from napari_medassist.evaluation.staged import StagedCase
from napari_medassist.io.files import read_labels

#: The settings are the same for all cases: they are told where the cases come together.
_OF_THE_COHORT: Settings = {}


@dataclass(frozen=True)
class Job:
    """What all cases of a run share; sent to each process once.

    Parameters
    ----------
    conventions
        A case is compared under each of them; its files are read once.
    labels
        The values that are foreground; None for every non-zero one.
    kind
        What the predictions hold: labels, probabilities, or detections with one confidence each.
    metrics
        Names of the metrics to compute; by default those that are computed without being asked for.
    needs_keys
        Whether results are kept: then the contents of the files are hashed.
    cut_offs
        Where to cut probability maps for the sweep; none if there is no sweep.
    division
        Into which parts cases are divided besides being judged as a whole.
    """

    conventions: tuple[Convention, ...]
    labels: tuple[int, ...] | None = None
    kind: Kind = "labels"
    metrics: tuple[str, ...] | None = None
    needs_keys: bool = False
    cut_offs: tuple[float, ...] = ()
    division: Division = NO_DIVISION

    @cached_property
    def settings_keys(self) -> tuple[str, ...]:
        """Key of each convention with the other choices and the engine."""
        parts = to_plain(self.division)
        choices = self.labels, self.kind, self.metrics, self.cut_offs, parts
        return tuple(settings_key(c.settings(), choices) for c in self.conventions)


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Parameters
    ----------
    results
        One record a convention, in JSON.
    keys
        The keys under which they are kept; empty if they must not be.
    """

    results: tuple[str, ...]
    keys: tuple[str, ...] = ()


def compare_case(job: Job, pair: FilePair) -> Outcome:
    """Compare the files of a case under each convention of a job.

    Whatever goes wrong is told in the result; only ``Cancelled`` passes.
    """
    if pair.problem:
        return failed(job, pair.case, f"Not compared: {pair.problem}.")
    try:
        keys = content_keys(job, pair) if job.needs_keys else ()
        case = _OpenCase.read(job, pair)
    except Cancelled:
        raise
    except MedAssistError as error:
        return failed(job, pair.case, _told(error))
    except Exception as error:  # noqa: BLE001  one broken case must not cost the others; its row tells
        return failed(job, pair.case, _unexpected(error))
    records = tuple(_compared(case, job, convention) for convention in job.conventions)
    lasting = all(_lasts(record.evaluation) for record in records)
    return Outcome(tuple(map(to_json, records)), keys if lasting else ())


def failed(job: Job, case: str, message: str) -> Outcome:
    """Return the outcome of a case that could not be compared."""
    record = CaseRecord(CaseEvaluation(case, Status.ERROR, message))
    return Outcome((to_json(record),) * len(job.conventions))


@dataclass(frozen=True, eq=False)
class _OpenCase:
    """A case whose files were read.

    Parameters
    ----------
    name
        Of the case.
    reference, prediction
        The images.
    zones
        The zone map, or why there is none.
    staged
        The two images, ready to be compared under one convention after another.
    labels_held
        Of the labels that were chosen, those that one of the label maps holds; None if none was chosen.
    """

    name: str
    reference: LabelMap
    prediction: Predicted
    zones: ZoneFile
    staged: StagedCase
    labels_held: tuple[int, ...] | None

    @classmethod
    def read(cls, job: Job, pair: FilePair) -> Self:
        reference = read_labels(pair.reference[0])
        (place,) = pair.prediction
        prediction = read_labels(place) if job.kind == "labels" else read_map(place, job.kind)
        zones = read_zones(pair) if job.division.zones else ZoneFile()
        staged = StagedCase(reference, prediction, label=job.labels, kind=job.kind, case=pair.case)
        maps = [np.asarray(m.array) for m in (reference, prediction) if isinstance(m, LabelMap)]
        held = held_of(job.labels, *maps) if job.labels else None
        return cls(pair.case, reference, prediction, zones, staged, held)


def _compared(case: _OpenCase, job: Job, convention: Convention) -> CaseRecord:
    scored = swept = None
    try:
        found = _evaluated(case, job, convention)
        if job.kind != "labels":
            confidence = convention.extraction.case_confidence
            scored = score_matched(case.staged.matched(convention), case_confidence=confidence)
        if job.cut_offs:
            swept = _swept(case.reference, case.prediction, job, convention)
    except Cancelled:
        raise
    except GeometryMismatch as error:
        found = CaseEvaluation(case.name, Status.GRID_MISMATCH, _told(error))
    except MedAssistError as error:
        found = CaseEvaluation(case.name, Status.ERROR, _told(error))
    except Exception as error:  # noqa: BLE001  as above
        found = CaseEvaluation(case.name, Status.ERROR, _unexpected(error))
    found = replace(found, spacing_zyx_mm=case.reference.geometry.spacing_zyx_mm)
    return CaseRecord(found, scored, swept, case.labels_held)


def _evaluated(case: _OpenCase, job: Job, convention: Convention) -> CaseEvaluation:
    comparison = case.staged.under(convention, metrics=job.metrics, settings=_OF_THE_COHORT)
    if job.division == NO_DIVISION:
        return comparison.evaluation
    called = case.prediction.array if isinstance(case.prediction, LabelMap) else None
    compared = Compared(
        comparison,
        case.staged.masks(convention),
        case.reference,
        None if called is None else np.asarray(called),
    )
    return divided(compared, job.division, case.zones, convention=convention, metrics=job.metrics)


def _lasts(found: CaseEvaluation) -> bool:
    """Tell whether a result holds as long as its files do: a broken or missing file may be mended."""
    return found.status is not Status.ERROR and found.zone_status not in (
        ZoneStatus.ERROR,
        ZoneStatus.MISSING,
    )


def _swept(
    reference: LabelMap, prediction: Predicted, job: Job, convention: Convention
) -> SweptCase | None:
    if not isinstance(prediction, ProbabilityMap):
        return None
    curve = sweep(reference, prediction, cut_offs=job.cut_offs, label=job.labels, convention=convention)
    return SweptCase.of(curve)


def _told(error: Exception) -> str:
    """Return the message of an error in one line, as it stands in a row of the table."""
    return " ".join(str(error).splitlines())


def _unexpected(error: Exception) -> str:
    return f"Unexpected {type(error).__name__}: {_told(error)}"


def content_keys(job: Job, pair: FilePair) -> tuple[str, ...]:
    """Return the keys of a case by the content of its files, one a convention; none if it has none.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    digests = [file_digest(path) for path in (*pair.reference, *pair.prediction)]
    if job.division.zones:
        # A zone map that cannot be read is no reason to stop: the case will say so.
        digests += [file_digest(path) if path.is_file() else None for path in pair.zones]
    if any(digest is None for digest in digests):
        return ()
    return tuple(f"{settings}-{'-'.join(map(str, digests))}" for settings in job.settings_keys)
