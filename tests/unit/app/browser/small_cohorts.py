"""Small cohorts for the tests of the browser: as results in memory, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, Status
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from tests.unit.app.cohort.cohorts import cohort as cohort_on_disk
from tests.unit.app.cohort.cohorts import mask, save

SPACING_ZYX_MM = (3.0, 0.5, 0.5)
N_CASES, N_ON_DISK = 24, 12


def random_pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A reference of no to four boxes, and a prediction that misses, moves, grows and invents some."""
    reference, prediction = np.zeros((2, 6, 26, 30), dtype=np.uint8)
    for _ in range(rng.integers(0, 5)):
        box = _box(rng)
        reference[box] = 1
        if rng.random() < 0.75:
            y = int(rng.integers(-1, 2))
            moved = (box[0], slice(max(0, box[1].start + y), box[1].stop + y), box[2])
            prediction[moved] = 1
    if rng.random() < 0.5:
        prediction[_box(rng)] = 1
    return reference, prediction


def _box(rng: np.random.Generator) -> tuple[slice, slice, slice]:
    start, size = rng.integers(0, (4, 19, 23)), rng.integers(1, (3, 7, 7))
    z, y, x = (slice(int(a), int(a + n)) for a, n in zip(start, size, strict=True))
    return z, y, x


def cases_under(convention: Convention, n_cases: int = N_CASES, seed: int = 0) -> list[CaseEvaluation]:
    """Evaluate random masks; the last case could not be compared."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n_cases - 1):
        one = evaluate(*random_pair(rng), SPACING_ZYX_MM, convention=convention, case=f"case_{number}")
        found.append(_placed(one, number))
    return [*found, CaseEvaluation(f"case_{n_cases - 1}", Status.ERROR, "Not read: torn file.")]


def _placed(case: CaseEvaluation, number: int) -> CaseEvaluation:
    return replace(case, spacing_zyx_mm=SPACING_ZYX_MM, group=f"centre {number % 3}")


def summarised(convention: Convention = MEDASSIST, seed: int = 0) -> CohortEvaluation:
    return summarise(tuple(cases_under(convention, seed=seed)), convention=convention)


def results_under(convention: Convention = MEDASSIST, name: str = "ai", seed: int = 0) -> ModelResults:
    evaluated = summarised(convention, seed)
    pairs = [FilePair(case.case, group=case.group) for case in evaluated.cases]
    return ModelResults.of_cohort(name, pairs, convention, evaluated)


def sources_on_disk(folder: Path, models: Sequence[str] = ("ai",)) -> CohortSources:
    """Write a cohort with one case on another grid and one unreadable file, and further models."""
    reference, prediction = cohort_on_disk(folder, N_ON_DISK)
    predictions = {models[0]: prediction}
    for number, model in enumerate(models[1:], start=1):
        rng = np.random.default_rng(number)
        for path in sorted(reference.iterdir()):
            save(folder / model / path.name, mask(rng))
        predictions[model] = folder / model
    return CohortSources(reference=reference, predictions=predictions)


def browser_of(folder: Path, **options: object) -> CohortBrowser:
    """Return a browser that keeps everything in a folder of the test."""
    kept = {"cache_dir": folder / "cache", "marks_path": folder / "marks.json", "workers": 1}
    return CohortBrowser(**{**kept, **options})  # type: ignore[arg-type]
