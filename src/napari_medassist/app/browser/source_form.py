"""A cohort's places as a user writes them into a form, checked before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_medassist.app.browser.sources import CohortSources, Place
from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.evaluation.inputs.masks import Kind

_PATTERN_SIGNS = frozenset("*?[")


def sources_of_form(
    *,
    reference: str,
    predictions: Sequence[tuple[str, str]],
    images: str = "",
    zones: str = "",
    manifest: str = "",
    kind: Kind = "labels",
    label: str = "",
) -> CohortSources:
    """Return the cohort that a form describes; its places exist.

    Parameters
    ----------
    reference, images, zones, manifest
        Places; empty for none.
    predictions
        Name and place of each model; lines without a place are passed over, and a model without a
        name is called like its folder.
    kind
        What the predictions hold.
    label
        Values that are foreground, separated by spaces or commas; empty for all but 0.

    Raises
    ------
    InvalidSetting
        If something is missing, or two models have one name.
    FileProblem
        If a place does not exist.
    """
    named: dict[str, Place] = {}
    for name, place in predictions:
        if not place:
            continue
        title = name or Path(place).expanduser().name
        if title in named:
            raise InvalidSetting(
                f"Two models are called '{title}'.", cure="Give each model a name of its own."
            )
        named[title] = place
    if not manifest:
        _require(reference, "the reference")
        _require("".join(map(str, named.values())), "a prediction")
    for place in map(str, (reference, *named.values(), images, zones, manifest)):
        _require_existing(place)
    return CohortSources(
        reference=reference or None,
        predictions=named,
        images=images or None,
        zones=zones or None,
        kind=kind,
        label=_values_of(label),
        manifest=Path(manifest) if manifest else None,
    )


def sources_of_drop(paths: Sequence[Path]) -> CohortSources | None:
    """Return the cohort in what was dropped: one folder of results or one table; None for others."""
    if len(paths) != 1:
        return None
    (path,) = paths
    if path.is_dir() and any((path / name).is_file() for name in _SIGNS_OF_RESULTS):
        return CohortSources(results=path)
    return CohortSources(manifest=path) if path.suffix.lower() == ".csv" else None


#: Files of a folder that ``evaluate`` or ``compare`` wrote.
_SIGNS_OF_RESULTS = ("summary.json", "comparison.json")


def _require(place: str, what: str) -> None:
    if not place:
        raise InvalidSetting(f"There is no place for {what}.", cure="Write or choose its folder.")


def _require_existing(place: str) -> None:
    if not place or _PATTERN_SIGNS & set(place):
        return
    path = Path(place).expanduser()
    if not path.exists():
        raise FileProblem("There is no such file or folder.", path=path, cure="Check the name.")


def _values_of(text: str) -> tuple[int, ...] | None:
    words = text.replace(",", " ").split()
    try:
        return tuple(int(word) for word in words) or None
    except ValueError as error:
        raise InvalidSetting(
            f"Foreground values are whole numbers, not '{text}'.", cure="For example: 1 2"
        ) from error
