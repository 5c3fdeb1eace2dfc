"""Results that are kept in stages, the last few of each, by what they depend on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Self, TypeVar, cast

V = TypeVar("V")


class Kept:
    """The last few results of each stage of a computation.

    Parameters
    ----------
    at_most
        How many of each stage; the one that was not asked for longest makes room.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._stages: defaultdict[str, dict[Hashable, Any]] = defaultdict(dict)

    def get(self, stage: str, key: Hashable, compute: Callable[[], V]) -> V:
        """Return the result of a stage.

        Parameters
        ----------
        stage
            Its name.
        key
            All that the result depends on.
        compute
            Returns the result; called if none of this key is kept. What it raises passes.
        """
        values = self._stages[stage]
        return self.put(stage, key, cast(V, values[key]) if key in values else compute())

    def put(self, stage: str, key: Hashable, value: V) -> V:
        """Keep a result instead of the one that was kept of this key, and return it."""
        values = self._stages[stage]
        values.pop(key, None)
        values[key] = value
        if len(values) > self._at_most:
            del values[next(iter(values))]
        return value

    def numbers(
        self,
        stage: str,
        key: Hashable,
        names: Sequence[str],
        compute: Callable[[Sequence[str]], dict[str, float]],
    ) -> dict[str, float]:
        """Return named numbers in their order; ``compute`` is asked for those that are not kept yet."""
        no_numbers: dict[str, float] = {}
        known = self.get(stage, key, lambda: no_numbers)
        missing = [name for name in names if name not in known]
        if missing:
            known |= compute(missing)
        return {name: known[name] for name in names}

    def copy(self) -> Self:
        """Return the same results, kept apart from now on."""
        other = type(self)(self._at_most)
        other._stages.update({stage: dict(values) for stage, values in self._stages.items()})
        return other
