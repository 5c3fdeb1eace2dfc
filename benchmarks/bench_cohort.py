"""Cohorts: memory that does not grow with the number of cases, and the time beyond reading the files.

``bench_cohort.py [--cases N ...]`` writes N small cases each, compares them in two
processes and prints the largest resident memory of the parent and of a worker.
``bench_cohort.py --pairs REFERENCE PREDICTION`` compares two folders with reading them only, in as many
processes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import nibabel as nib
import numpy as np
import psutil

from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.app.cohort.run import Running
from napari_medassist.io.files import read_labels

WORKERS = 2


def write_cohort(folder: Path, n_cases: int) -> tuple[Path, Path]:
    """Write masks of 32x32x8 voxels with a few boxes each."""
    rng = np.random.default_rng(0)
    for number in range(n_cases):
        for side in ("reference", "prediction"):
            values = np.zeros((32, 32, 8), dtype=np.uint8)
            for _ in range(rng.integers(1, 4)):
                x, y, z = rng.integers(0, (24, 24, 5))
                values[x : x + 6, y : y + 6, z : z + 2] = 1
            (folder / side).mkdir(exist_ok=True)
            nib.save(
                nib.Nifti1Image(values, np.diag([0.5, 0.5, 3, 1])), folder / side / f"{number}.nii"
            )
    return folder / "reference", folder / "prediction"


class PeakMemory:
    """Watches the resident memory of this process and of its children."""

    def __init__(self) -> None:
        self.parent = self.child = 0
        self._stop = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(0.1):
            self.parent = max(self.parent, me.memory_info().rss)
            for child in me.children():
                try:
                    self.child = max(self.child, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


def measure_memory(n_cases: int) -> None:
    """Compare n small cases, and print time and memory."""
    with TemporaryDirectory() as name:
        folders = write_cohort(Path(name), n_cases)
        for run in ("first run", "second run"):
            running = Running(workers=WORKERS, cache_dir=Path(name) / "kept")
            began = time.perf_counter()
            with PeakMemory() as peak:
                cohort = evaluate_files(*folders, Path(name) / "out", running=running)
            seconds = time.perf_counter() - began
            assert len(cohort.compared) == n_cases
            print(
                f"{n_cases:6} cases, {run:10}: {seconds:6.1f} s, parent {peak.parent / 1e6:4.0f} MB, "
                f"largest worker {peak.child / 1e6:4.0f} MB",
                flush=True,
            )


def read_pair(pair: FilePair) -> int:
    """Read both files of a case; return the number of voxels."""
    return sum(read_labels(path).array.size for path in (*pair.reference, *pair.prediction))


def measure_reading(reference: Path, prediction: Path, workers: int, repeats: int) -> None:
    """Print the time from files to tables beside the time that reading the files takes."""
    pairs = pair_files(reference, prediction).pairs

    def read_all() -> None:
        if workers == 1:
            for pair in pairs:
                read_pair(pair)
            return
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(read_pair, pairs, chunksize=8))

    def evaluate_all() -> None:
        with TemporaryDirectory() as out:
            evaluate_files(reference, prediction, out, running=Running(workers=workers))

    taken = {work: [spent(work) for _ in range(repeats)] for work in (read_all, evaluate_all)}
    print(f"{len(pairs)} pairs, {workers} processes")
    for index, kind in enumerate(("seconds", "processor seconds")):
        reading, whole = (min(times[index] for times in taken[work]) for work in taken)
        told = f"reading {reading:5.1f}, files to tables {whole:5.1f}, ratio {whole / reading:.2f}"
        print(f"  {kind:17}: {told}", flush=True)


def spent(work: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds, and the seconds of all processors, that some work takes."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, nargs="*", default=[500, 2000])
    parser.add_argument("--pairs", type=Path, nargs=2, metavar="DIR")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    if args.pairs:
        for workers in (1, WORKERS):
            measure_reading(*args.pairs, workers, args.repeats)
        return
    for n_cases in args.cases:
        measure_memory(n_cases)


if __name__ == "__main__":
    main()
