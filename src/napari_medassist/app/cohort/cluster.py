"""Compare cases on a Dask cluster that is already there."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from napari_medassist.app.cohort.executors import Executor, Outcomes
from napari_medassist.app.cohort.job import Job, Outcome, compare_case, failed
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import FileProblem, InvalidSetting

_AHEAD = 2
_CONNECT_SECONDS = 10


def on_cluster(address: str) -> Executor:
    """Return the way to compare on the workers of a cluster.

    The workers need this package and see the files under the same absolute paths.

    Parameters
    ----------
    address
        Of the scheduler, e.g. ``tcp://10.0.0.1:8786``.

    Raises
    ------
    InvalidSetting
        If ``distributed`` is not installed.
    """
    try:
        distributed = importlib.import_module("distributed")  # an extra
    except ImportError as error:
        raise InvalidSetting(
            "A Dask cluster needs the package 'distributed'.",
            cure='Install it: pip install "napari-medassist[dask]".',
        ) from error

    def run(job: Job, pairs: Sequence[FilePair]) -> Outcomes:
        client = _connected(distributed, address)
        try:
            yield from _streamed(distributed, client, job, [_absolute(pair) for pair in pairs])
        finally:
            client.close()

    return run


def _connected(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise FileProblem(
            f"No Dask scheduler answers at {address} ({error}).",
            cure="Check the address, and that the cluster runs.",
        ) from error


def _streamed(
    distributed: Any, client: Any, job: Job, pairs: Sequence[FilePair]
) -> Iterator[tuple[int, Outcome]]:
    """Keep the cluster busy with no more than twice as many cases as it has threads."""
    everywhere = client.scatter(job, broadcast=True)
    numbers = iter(range(len(pairs)))
    under_way: dict[Any, int] = {}

    def submit(count: int) -> list[Any]:
        started = []
        for number in islice(numbers, count):
            future = client.submit(compare_case, everywhere, pairs[number], pure=False)
            under_way[future.key] = number
            started.append(future)
        return started

    at_once = _AHEAD * max(1, sum(client.nthreads().values()))
    running = distributed.as_completed(submit(at_once), loop=client.loop)
    for future in running:
        number = under_way.pop(future.key)
        yield number, _outcome(future, job, pairs[number])
        for started in submit(1):
            running.add(started)


def _outcome(future: Any, job: Job, pair: FilePair) -> Outcome:
    """Return the result of a future; a worker that died costs its case only."""
    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    error = future.exception()
    return failed(job, pair.case, f"Unexpected {type(error).__name__} on the cluster: {error}")


def _absolute(pair: FilePair) -> FilePair:
    """Return a case with paths that mean the same in every process."""
    return replace(
        pair,
        reference=tuple(path.absolute() for path in pair.reference),
        prediction=tuple(path.absolute() for path in pair.prediction),
    )
