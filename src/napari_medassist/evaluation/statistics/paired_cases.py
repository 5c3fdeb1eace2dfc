"""Cases of two models that belong together: by name, with the same reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from napari_medassist.core.errors import InvalidSetting


class NamedCase(Protocol):
    """What a case must tell to be paired; an evaluation does, and a scored case."""

    @property
    def case(self) -> str:
        """Its name."""
        ...

    @property
    def n_reference_lesions(self) -> int | None:
        """Number of reference lesions; None where the case was not compared."""
        ...


C = TypeVar("C", bound=NamedCase)


def by_name(cases: Sequence[C]) -> dict[str, C]:
    """Return cases by their names.

    Raises
    ------
    InvalidSetting
        If a name stands twice.
    """
    named = {case.case: case for case in cases}
    if len(named) != len(cases):
        raise InvalidSetting("A case name stands twice, so the cases of two models cannot be paired.")
    return named


def require_same_reference(first: Iterable[NamedCase], second: Iterable[NamedCase]) -> None:
    """Raise ``InvalidSetting`` unless the cases of a pair have equally many reference lesions."""
    for one, other in zip(first, second, strict=True):
        if one.n_reference_lesions != other.n_reference_lesions:
            raise InvalidSetting(
                f"Case '{one.case}' has {one.n_reference_lesions} reference lesions for one model and "
                f"{other.n_reference_lesions} for the other.",
                cure="Compare both models with the same references.",
            )
