"""Samples made by other processes while the network learns."""

from __future__ import annotations

import queue
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

Sample = tuple[NDArray[np.float32], NDArray[np.uint8]]
MakeSample = Callable[[int], Sample]

_SEEDS_PER_WORKER = 100_000_000
_WAIT_S = 120.0


class SampleQueue:
    """Processes that make samples ahead of time.

    Each worker has a range of seeds of its own, so that no sample comes twice; a run that goes on
    begins where the one before stopped.

    Parameters
    ----------
    make
        Makes the sample of a seed; it must be picklable.
    n_workers
        Processes.
    first_seed
        Where each worker's range begins.
    """

    def __init__(self, make: MakeSample, *, n_workers: int = 1, first_seed: int = 0) -> None:
        context: Any = torch.multiprocessing.get_context("spawn")
        self._queue = context.Queue(maxsize=8)
        self._workers = [
            context.Process(
                target=_work, args=(make, self._queue, first_seed + k * _SEEDS_PER_WORKER), daemon=True
            )
            for k in range(n_workers)
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()

    def get(self) -> Sample:
        """Return the next sample.

        Raises
        ------
        RuntimeError
            If no worker is alive any more, or none came in two minutes.
        """
        try:
            sample: Sample = self._queue.get(timeout=_WAIT_S)
        except queue.Empty:
            raise RuntimeError(
                "No sample came in two minutes; look above for the workers' errors."
            ) from None
        return sample


def _work(make: MakeSample, samples: Any, seed: int) -> None:
    torch.set_num_threads(1)
    while True:
        samples.put(make(seed))
        seed += 1
