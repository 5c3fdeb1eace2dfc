"""The disagreement browser without a window: 10,000 simulated cases, and stepping to a case read ahead.

    python benchmarks/bench_browser.py [--cases 10000] [--shape 24 384 384] [--series 3]

Sorts, filters, steps through errors and judges the cohort anew under another convention; prints
medians, the time to the table at the start, and the memory that the cohort takes. Then writes one case
of a given shape and prints how long it takes to open it from its files, and when it was read ahead.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
import psutil

from napari_medassist.app.browser.case_files import ImageIndex
from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_store import CaseStore
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.cohort_view import CohortView
from napari_medassist.app.browser.differences import differences_of
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.cohort.packed import CaseRecord, PackedCases, pack, to_json
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.lesion import Side
from napari_medassist.core.progress import silent
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionMatch
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.rejudging.one_case import rejudged

SPACING_ZYX_MM = (3.0, 0.5, 0.5)
VOXEL_ML = 0.00075
REPEATS = 11


def simulated_case(rng: np.random.Generator, name: str) -> CaseEvaluation:
    """Return a case with a few lesions and a match graph that could be real, judged by the engine."""
    lesions, matches = [], []
    sizes = {side: rng.integers(20, 3000, rng.integers(0, 5)).tolist() for side in Side}
    for side, volumes in sizes.items():
        lesions += [_lesion(rng, side, number, n) for number, n in enumerate(volumes, start=1)]
    for number, (r, p) in enumerate(zip(*sizes.values(), strict=False), start=1):
        shared = int(min(r, p) * rng.random() ** 2)
        if shared:
            matches.append(LesionMatch(number, number, shared, r, p))
    total, both = sum(map(sum, sizes.values())), sum(match.n_voxels for match in matches)
    names = ("hd_mm", "hd95_mm", "assd_mm", "volume_reference_ml", "volume_prediction_ml")
    scores = {name: float(rng.gamma(2, 5)) for name in names}
    scores["dice"] = 2 * both / total if total else float("nan")
    scores |= dict.fromkeys(("lesion_dice", "pq", "rq", "sq"), 0.0)
    case = CaseEvaluation(
        name,
        scores=scores,
        lesions=tuple(lesions),
        matches=tuple(matches),
        convention=MEDASSIST.settings(),
        spacing_zyx_mm=SPACING_ZYX_MM,
    )
    return rejudged(case, MEDASSIST, of_maps=False)


def _lesion(rng: np.random.Generator, side: Side, number: int, n_voxels: int) -> JudgedLesion:
    z, y, x = (float(value) for value in rng.random(3) * (20, 300, 300))
    return JudgedLesion(
        id=number,
        side=side,
        n_voxels=n_voxels,
        volume_ml=n_voxels * VOXEL_ML,
        centroid_index_zyx=(z, y, x),
        start_zyx=(int(z), int(y), int(x)),
        stop_zyx=(int(z) + 3, int(y) + 9, int(x) + 9),
        centroid_lps_mm=(x / 2, y / 2, z * 3),
    )


def simulated_model(n_cases: int, seed: int) -> tuple[ModelResults, float, float]:
    """Return a model, the seconds from results to its table, and the MB that both take."""
    rng = np.random.default_rng(seed)
    pairs = [FilePair(f"case_{number:05}", group=f"centre {number % 7}") for number in range(n_cases)]
    packed = [pack(to_json(CaseRecord(simulated_case(rng, pair.case)))) for pair in pairs]
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    cases = PackedCases(pairs, packed, MEDASSIST.settings())
    cohort = summarise(cases, convention=MEDASSIST)
    results = ModelResults.of_cohort("simulated", pairs, MEDASSIST, cohort).prepared()
    seconds = time.perf_counter() - start
    return results, seconds, (psutil.Process().memory_info().rss - before) / 1e6


def timed(title: str, run: Callable[[], object], repeats: int = REPEATS) -> None:
    """Print the median and the longest time of something; the first time is not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    print(f"  {title:<58} {median(times[1:]):8.1f} ms   longest {max(times[1:]):8.1f} ms")


def bench_cohort(n_cases: int) -> None:
    """Print how long the acts on a cohort take."""
    results, seconds, grown_mb = simulated_model(n_cases, seed=0)
    other, _, _ = simulated_model(n_cases, seed=1)
    print(f"\n{n_cases} cases, {len(results.lesions)} lesions")
    print(f"  results to table: {seconds:.1f} s; the cohort takes {grown_mb:.0f} MB")
    table = results.table
    chosen = CaseFilter("case_0", frozenset({"missed"}), {"dice": (0.1, 0.9)})
    timed("sort by a number", lambda: fresh(table).order("dice"))
    timed("sort by disagreement, filtered", lambda: fresh(table).order("disagreement", chosen))
    timed("sort by name", lambda: fresh(table).order("case"))
    timed("sort again (keys are held)", lambda: table.order("hd95_mm", chosen))
    timed("filter by brushing", lambda: table.mask(CaseFilter(ranges={"dice": (0.2, 0.6)})))
    timed("filter by text", lambda: table.mask(CaseFilter("centre 3")))
    view = CohortView({"simulated": results}, model="simulated")
    timed("a new view: order and errors", lambda: view.with_changes(chosen=chosen).errors)
    last = view.errors.all()[-1]
    timed("step to the next error", lambda: view.errors.step(last))
    timed("first step after sorting", lambda: view.with_changes(sort_column="dice").errors.step(last))
    timed("difference of two models", lambda: difference(results, other))
    thresholds = iter(np.linspace(0.15, 0.9, 100).tolist())
    timed("judge anew: overlap", lambda: judged_anew(results, threshold=next(thresholds)))
    timed("judge anew: smallest volume", lambda: judged_anew(results, volume=100 * next(thresholds)))
    strict = judged_anew(results, threshold=0.5)
    timed("... and complete it, in the background", lambda: strict.completed(silent), repeats=1)
    cases = {row: CaseRecord(results.cohort.cases[row]) for row in range(50)}
    timed("50 finished cases join the table", lambda: results.with_cases(cases))


def fresh(table: CaseTable) -> CaseTable:
    """Return a table whose sort keys are not known yet."""
    return table.with_marks({})


def difference(first: ModelResults, second: ModelResults) -> object:
    """Return the columns of a comparison."""
    return differences_of(first.table, first.lesions, second.table, second.lesions)


def judged_anew(results: ModelResults, *, threshold: float = 0.1, volume: float = 0.0) -> ModelResults:
    """Return results judged anew, with all that the window shows at once."""
    convention = MEDASSIST.with_changes(
        matching={"threshold_reference": threshold}, extraction={"min_volume_mm3": volume}
    )
    found = results.rejudged(convention)
    _ = found.headline, found.curves
    return found


def bench_case(shape_zyx: Sequence[int], n_series: int) -> None:
    """Print how long a case takes to open, from its files and when it was read ahead."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = written_case(folder, shape_zyx, n_series)
        print(f"\nA case of {n_series} series of {'x'.join(map(str, shape_zyx))} voxels (.nii.gz)")
        timed("open from its files", lambda: (store.forget(), store.load("ai", "case")), repeats=3)
        store.preload("ai", ["case"])
        timed("open when read ahead", lambda: store.load("ai", "case"))
        print(f"  held: {store.n_bytes / 1e6:.0f} MB of a budget of {store.budget_bytes / 1e6:.0f} MB")


def written_case(folder: Path, shape_zyx: Sequence[int], n_series: int) -> CaseStore:
    """Write a case and return the store that reads it."""
    rng = np.random.default_rng(0)
    affine = np.diag([0.5, 0.5, 3.0, 1.0])
    shape_xyz = tuple(reversed(shape_zyx))
    labels = np.zeros(shape_xyz, dtype=np.uint8)
    labels[100:130, 100:140, 5:9] = 1
    for side in ("reference", "prediction"):
        nib.save(nib.Nifti1Image(labels, affine), folder / f"{side}.nii.gz")
    (folder / "images").mkdir()
    for number in range(n_series):
        values = rng.normal(400, 60, shape_xyz).astype(np.int16)
        nib.save(nib.Nifti1Image(values, affine), folder / "images" / f"case_{number}.nii.gz")
    pair = FilePair("case", (folder / "reference.nii.gz",), (folder / "prediction.nii.gz",))
    return CaseStore({"ai": [pair]}, images=ImageIndex.of(folder / "images"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--shape", type=int, nargs=3, default=(24, 384, 384), metavar="N")
    parser.add_argument("--series", type=int, default=3)
    arguments = parser.parse_args()
    bench_cohort(arguments.cases)
    bench_case(arguments.shape, arguments.series)


if __name__ == "__main__":
    main()
