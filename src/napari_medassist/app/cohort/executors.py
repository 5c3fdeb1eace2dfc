"""Where the cases of a job are compared: in this process, in a pool of processes, on a Dask cluster.

Each way takes the pairs as a stream and gives the outcomes in the order in which they finish. No more
cases than there are workers, twice over, are under way at a time, so that memory stays bounded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice

from napari_medassist.app.cohort.job import Job, Outcome, compare_case, failed
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import InvalidSetting

#: The number of a pair and what became of it, as the cases finish.
Outcomes = Generator[tuple[int, Outcome], None, None]
#: Compares pairs.
Executor = Callable[[Job, Sequence[FilePair]], Outcomes]

_AHEAD = 2
_THREAD_NUMBERS = (
    *(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")),
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_DIED = (
    "The process that compared this case ended without a word: most often there was not enough "
    "memory. Use fewer --workers."
)


def in_this_process(job: Job, pairs: Sequence[FilePair]) -> Outcomes:
    """Compare one case after the other."""
    for number, pair in enumerate(pairs):
        yield number, compare_case(job, pair)


def in_processes(workers: int) -> Executor:
    """Return the way to compare in several processes, which are started anew (*spawned*).

    Parameters
    ----------
    workers
        Number of processes. Each computes with one thread.

    Raises
    ------
    InvalidSetting
        If there would be none.
    """
    if workers < 1:
        raise InvalidSetting(f"There must be at least one worker, not {workers}.")

    def run(job: Job, pairs: Sequence[FilePair]) -> Outcomes:
        numbers = iter(range(len(pairs)))
        suspects: list[int] = []
        while True:
            with _pool(job, workers) as pool:
                yield from _streamed(pool, pairs, numbers, suspects, _AHEAD * workers)
            if not suspects:
                return
            yield from _one_by_one(job, pairs, suspects)
            suspects.clear()

    return run


def _streamed(
    pool: ProcessPoolExecutor,
    pairs: Sequence[FilePair],
    numbers: Iterator[int],
    suspects: list[int],
    at_once: int,
) -> Iterator[tuple[int, Outcome]]:
    """Keep a pool busy; if one of its processes dies, name all cases that were under way."""
    under_way: dict[Future[Outcome], int] = {}
    try:
        while True:
            for number in islice(numbers, at_once - len(under_way)):
                suspects.append(number)
                under_way[pool.submit(_in_worker, pairs[number])] = number
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                number = under_way.pop(future)
                suspects.remove(number)
                yield number, outcome
    except BrokenProcessPool:
        return


def _one_by_one(
    job: Job, pairs: Sequence[FilePair], numbers: Sequence[int]
) -> Iterator[tuple[int, Outcome]]:
    """Compare each case in a process of its own, so that only the one that ends it fails."""
    for number in numbers:
        try:
            with _pool(job, 1) as pool:
                outcome = pool.submit(_in_worker, pairs[number]).result()
        except BrokenProcessPool:
            outcome = failed(job, pairs[number].case, _DIED)
        yield number, outcome


@contextmanager
def _pool(job: Job, workers: int) -> Iterator[ProcessPoolExecutor]:
    """Start a pool; whatever stops the work stops its processes too."""
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(job,)
    )
    before = set(multiprocessing.active_children())
    try:
        with _single_threaded():
            yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let processes that are started now compute with one thread each."""
    before = {name: os.environ.get(name) for name in _THREAD_NUMBERS}
    os.environ.update(dict.fromkeys(_THREAD_NUMBERS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_job: Job | None = None


def _begin(job: Job) -> None:
    """Prepare a process: it leaves Ctrl-C to its parent, and ends when that one is gone."""
    global _job  # a process has one job, which is sent once
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(pair: FilePair) -> Outcome:
    if _job is None:
        raise RuntimeError("the process was not prepared")
    return compare_case(_job, pair)
