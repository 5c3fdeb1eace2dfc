"""Which cases of a table are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

#: What a case can be shown for; see :class:`CaseFilter`.
Only = Literal["missed", "false", "hidden", "false_alarm", "not_compared", "marked", "disagree"]
#: Reasons of which any suffices.
ANY_OF = frozenset({"missed", "false", "hidden", "false_alarm", "not_compared"})
#: Reasons of which each narrows further.
ALL_OF = frozenset({"marked", "disagree"})


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are shown; what is not set leaves all.

    Parameters
    ----------
    text
        Occurs in the case's name, group, mark or message; upper and lower case are the same.
    only
        Of ``missed``, ``false``, ``hidden`` (errors behind a good Dice), ``false_alarm`` and
        ``not_compared``, cases with any of the chosen ones; ``marked`` and ``disagree`` (the two
        compared models miss different lesions, or have another number of false ones) narrow further.
    ranges
        Column -> smallest and largest value, inclusive, as brushed in a plot; undefined values lie in
        no range.
    cases
        Names, as chosen with a lasso; None for all.
    """

    text: str = ""
    only: frozenset[str] = frozenset()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cases: frozenset[str] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all cases are shown."""
        return self == CaseFilter()

    def with_changes(self, **changes: Any) -> CaseFilter:
        """Return a copy with some conditions changed."""
        return replace(self, **changes)

    def with_range(self, column: str, limits: tuple[float, float] | None) -> CaseFilter:
        """Return a copy with the range of a column set, or taken away."""
        kept = {name: both for name, both in self.ranges.items() if name != column}
        return replace(self, ranges=kept if limits is None else {**kept, column: limits})

    def in_words(self) -> str:
        """Return the conditions in words, for the line above the table; empty if there are none."""
        chosen = sorted(self.only & ANY_OF)
        parts = [
            f"'{self.text}'" if self.text else "",
            " or ".join(name.replace("_", " ") for name in chosen),
            *(name for name in sorted(self.only & ALL_OF)),
            *(f"{name} {low:.3g} to {high:.3g}" for name, (low, high) in self.ranges.items()),
            "" if self.cases is None else f"{len(self.cases)} chosen",
        ]
        return ", ".join(part for part in parts if part)
