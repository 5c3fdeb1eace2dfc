"""Begin to adjudicate: two readings from their files, and what was decided on them before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_medassist.app.reading.adjudicated_files import load_adjudicated, set_aside
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.agreement import AgreementNumber, agreement, map_pair, numbers_of
from napari_medassist.app.reading.readings import Reading, Readings
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, InvalidSetting, MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.evaluation.conventions import Convention


@dataclass(frozen=True, eq=False)
class Begun:
    """An adjudication that has begun.

    Parameters
    ----------
    adjudication
        The lesions, and what was decided before.
    made
        The map as it was left; empty at first. Its array may be written to.
    numbers
        How far the two readers agree.
    told
        What should be known, in a sentence; empty if nothing.
    """

    adjudication: Adjudication
    made: LabelMap
    numbers: tuple[AgreementNumber, ...]
    told: str = ""


def begin(
    readings: Readings,
    place: Path,
    case: str,
    readers: tuple[str, str],
    images: Case,
    adjudicator: str,
    convention: Convention,
) -> Begun:
    """Read what two readers made of a case; may run in any thread.

    An earlier adjudication of the same maps is taken up. One of other maps, or one that cannot be read,
    is kept under another name and told.

    Parameters
    ----------
    readings
        Where the readings lie.
    place
        Where the adjudication lies.
    case, readers
        What is compared.
    images
        The case as it is open.
    adjudicator
        Who decides.
    convention
        How lesions are told apart and matched.

    Raises
    ------
    FileProblem
        If a reading is not there or cannot be read.
    InvalidSetting
        If neither has drawn anything, or their label maps are on different grids.
    """
    one, other = (_reading(readings, case, name, images) for name in readers)
    first, second = _maps_of_two(one, other)
    found = Adjudication(case, readers, first, second, adjudicator, convention)
    numbers = numbers_of(agreement(first, second, convention, case=case))
    made, told = _taken_up(found, place)
    return Begun(found, made, numbers, told)


def maps_of_all(
    readings: Readings, case: str, readers: Sequence[str], images: Case, grid: LabelMap
) -> tuple[list[LabelMap], list[str], list[str]]:
    """Return each reader's map on a grid, whose they are, and who is left out.

    Parameters
    ----------
    readings
        Where the readings lie.
    case, readers
        Whose readings of what.
    images
        The case as it is open.
    grid
        A label map on that grid; of several maps of a reader, the one with its name counts.

    Raises
    ------
    FileProblem
        If a reading is not there or cannot be read.
    """
    maps, names, left_out = [], [], []
    for reader in readers:
        found = _reading(readings, case, reader, images)
        fits = [m for m in found.maps if m.geometry.is_same_grid(grid.geometry)]
        named = [m for m in fits if m.name == grid.name]
        if found.maps and not fits:
            left_out.append(reader)
            continue
        maps.append((*named, *fits, LabelMap.on(grid, name=grid.name))[0])
        names.append(reader)
    return maps, names, left_out


def _reading(readings: Readings, case: str, reader: str, images: Case) -> Reading:
    found = readings.load(case, reader, images)
    if found is None:
        raise FileProblem(f"{reader} has saved nothing of '{case}'.", path=readings.place(case, reader))
    return found


def _maps_of_two(first: Reading, second: Reading) -> tuple[LabelMap, LabelMap]:
    """Return the label maps of two readings; who has none has seen no lesion, and gets an empty one."""
    if first.maps and second.maps:
        return map_pair(first, second)
    drawn = next(iter((*first.maps, *second.maps)), None)
    if drawn is None:
        raise InvalidSetting(f"Neither {first.reader} nor {second.reader} has drawn anything.")
    empty = LabelMap.on(drawn, name=drawn.name, scheme=drawn.scheme)
    return (first.maps or (empty,))[0], (second.maps or (empty,))[0]


def _taken_up(found: Adjudication, place: Path) -> tuple[LabelMap, str]:
    try:
        saved = load_adjudicated(place, found.first)
        if saved is None:
            return found.empty_map(), ""
        found.first.geometry.require_same_grid(saved.labels.geometry)
        found.resume(saved.record)
    except (MedAssistError, KeyError, TypeError, ValueError) as error:
        aside = set_aside(place)
        kept = "" if aside is None else f" It is kept as '{aside.name}'."
        why = str(error) if isinstance(error, MedAssistError) else f"The record is damaged ({error})."
        return found.empty_map(), f"The earlier adjudication is not taken up: {why}{kept}"
    voxels = np.array(saved.labels.array)
    made = found.map_of(voxels.astype(np.result_type(voxels, found.empty_map().array)))
    return made, f"Taken up: {len(found.decisions)} lesions are decided."
