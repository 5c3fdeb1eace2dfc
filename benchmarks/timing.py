"""Time several ways of doing the same, taking turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any


def medians_ms(candidates: Mapping[str, Callable[[], Any]], *, repeats: int) -> dict[str, float]:
    """Return each candidate's median time in ms; one round is not counted, then they take turns."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(repeats + 1):
        for name, run in candidates.items():
            start = perf_counter()
            run()
            if turn:
                times[name].append((perf_counter() - start) * 1000)
    return {name: median(values) for name, values in times.items()}


def print_ratios(title: str, times_ms: Mapping[str, float], notes: Mapping[str, str]) -> None:
    """Print a table; the first candidate is the one that the others are compared with."""
    ours = next(iter(times_ms.values()))
    width = max(len(name) for name in times_ms)
    print(f"\n{title}")
    for name, value in times_ms.items():
        print(f"  {name:<{width}}  {value:9.1f} ms  x {value / ours:6.2f}   {notes.get(name, '')}")
