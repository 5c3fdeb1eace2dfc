"""The cases that a model learns from: those of a table, or the readings of a worklist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.listing import READINGS_FOLDER, ListedCase, rows_of_table
from napari_medassist.app.reading.opened_reading import read_listed
from napari_medassist.app.reading.readings import Readings
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.reading.worklist_file import ENDING
from napari_medassist.app.segmenting import inputs_of, only_image
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, InvalidImage, InvalidSetting, MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import case_name, read_labels
from napari_medassist.models.card import ModelCard, Task
from napari_medassist.models.prediction import leading_of
from napari_medassist.models.registry import models
from napari_medassist.models.training.own_cases import classes_of


@dataclass(frozen=True, eq=False)
class LearningCase:
    """A case to learn from.

    Attributes
    ----------
    name
        What it is called.
    images
        The model's inputs by role.
    labels
        What a reader has drawn; None if nobody has labelled it.
    group
        Cases of one group (a patient) are held out together.
    """

    name: str
    images: Mapping[str, Volume]
    labels: LabelMap | None
    group: str

    @property
    def labels_sha256(self) -> str:
        """Hash of the labels and their grid; empty without labels."""
        if self.labels is None:
            return ""
        content = hashlib.sha256(repr(self.labels.geometry).encode())
        content.update(np.ascontiguousarray(self.labels.array).tobytes())
        return content.hexdigest()


@dataclass(frozen=True)
class Gathered:
    """Cases, and those that could not be used.

    Attributes
    ----------
    cases
        In the order of the list.
    problems
        Cases that were left out, each with why, in sentences.
    """

    cases: tuple[LearningCase, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A case before it is read: the second member reads its labels."""

    listed: ListedCase
    labels: Callable[[Case], LabelMap | None]
    group: str


def gather(
    place: Path,
    card: ModelCard,
    *,
    reader: str = "",
    map_name: str = "",
    progress: Progress = silent,
) -> Gathered:
    """Read the cases of a table or of a worklist.

    A table (CSV) has the columns ``path`` (several parted by ``|``), ``labels`` (a label map; empty for
    a case that nobody has labelled), and if you like ``case`` and ``group``; relative paths are taken
    from its folder. Of a worklist, a case counts as labelled if the reader has set it to done; what a
    model suggested and the reader has not made a lesion is nobody's label. For a model that looks for
    lesions, a case that is done and has no map of lesions has none.

    Parameters
    ----------
    place
        The table or the worklist.
    card
        The model that will learn.
    reader
        Of a worklist: whose readings.
    map_name
        Of a worklist: name of the label map to learn from, where a reading holds several that fit.
    progress
        Told after each case; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If the list cannot be read.
    InvalidSetting
        If a worklist is given without a reader who has done a case in it.
    """
    rows = (
        _of_worklist(place, card, reader, map_name) if place.name.endswith(ENDING) else _of_table(place)
    )
    cases, problems = [], []
    for number, row in enumerate(rows):
        progress(number, len(rows), f"{row.listed.name} is read")
        try:
            case = read_listed(row.listed)
            images, _ = inputs_of(card, case, only_image(card, case))
            labels = row.labels(case)
            if labels is not None:
                classes_of(card, labels)  # before anything is learned
        except MedAssistError as error:
            problems.append(f"{row.listed.name}: {error}")
            continue
        cases.append(LearningCase(row.listed.name, images, labels, row.group or row.listed.name))
    return Gathered(tuple(cases), tuple(problems))


def _of_table(path: Path) -> list[_Row]:
    rows = []
    for line, row in rows_of_table(path):
        if "labels" not in row:
            raise FileProblem(
                "The table has no column 'labels'.",
                path=path,
                cure="Name the label map of each case in it; leave the cell empty where there is none.",
            )
        cell = row.get("path") or row.get("images") or ""
        parts = [part.strip() for part in cell.split("|") if part.strip()]
        if not parts:
            raise FileProblem(f"Line {line} names no image.", path=path)
        name = row.get("case", "").strip() or case_name(Path(parts[0]))
        places = tuple(path.parent / Path(part).expanduser() for part in parts)
        labels = row["labels"].strip()
        read = _reads(path.parent / Path(labels).expanduser()) if labels else _nothing
        rows.append(_Row(ListedCase(name, places), read, row.get("group", "").strip()))
    names = [row.listed.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileProblem(
            f"These cases stand twice: {', '.join(twice)}.",
            path=path,
            cure="Give each a name of its own in a column 'case'.",
        )
    if not rows:
        raise FileProblem("The table lists no case.", path=path, cure="Add a row for each case.")
    return rows


def _reads(path: Path) -> Callable[[Case], LabelMap]:
    return lambda _case: read_labels(path)


def _nothing(_case: Case) -> None:
    return None


def _of_worklist(path: Path, card: ModelCard, reader: str, map_name: str) -> list[_Row]:
    worklist = Worklist(path)
    if not reader:
        raise InvalidSetting("Whose readings of the worklist?", cure="Name the reader (--reader).")
    if not worklist.n_done(reader):
        raise InvalidSetting(
            f"'{reader}' has set no case of this worklist to done.",
            cure="Check the name, or set cases to done in the panel.",
        )
    readings = Readings(worklist.folder / READINGS_FOLDER)

    def load(name: str) -> Callable[[Case], LabelMap | None]:
        return lambda case: _read_map(readings, name, reader, case, card, map_name)

    return [
        _Row(
            listed,
            load(listed.name)
            if worklist.entry(listed.name, reader).status is Status.DONE
            else _nothing,
            "",
        )
        for listed in worklist.cases
    ]


def _read_map(
    readings: Readings, name: str, reader: str, case: Case, card: ModelCard, map_name: str
) -> LabelMap:
    reading = readings.load(name, reader, case)
    if reading is None:
        raise InvalidImage(f"The case is done, but '{reader}' has saved nothing of it.")
    own = [labels for labels in reading.maps if not _all_begin(labels, "candidate")]
    maps = tuple(_fitting(own, card, map_name))
    if len(maps) == 1:
        return maps[0]
    if card.task is Task.DETECTION and not map_name and all(_is_of_a_model(m) for m in own):
        # A reader who has done the case and drawn no lesion says that there is none.
        images, _ = inputs_of(card, case, only_image(card, case))
        leading = leading_of(images)
        return LabelMap.on(leading, np.zeros(leading.array.shape, dtype=np.uint8), name="no lesion")
    there = ", ".join(f"'{labels.name}'" for labels in reading.maps) or "none"
    raise InvalidImage(
        f"{'Several label maps' if maps else 'No label map'} of the reading can be meant ({there}).",
        cure="Name the one to learn from (--map).",
    )


def _fitting(maps: Sequence[LabelMap], card: ModelCard, map_name: str) -> Iterator[LabelMap]:
    """Go through the maps that can be meant: by name, else by what their labels are called."""
    if map_name:
        yield from (labels for labels in maps if labels.name == map_name)
    elif card.task is Task.DETECTION:
        yield from (labels for labels in maps if _all_begin(labels, "lesion"))
    elif len(maps) == 1:
        yield from maps
    else:
        yield from (labels for labels in maps if _is_of_scheme(labels, card))


def _is_of_scheme(labels: LabelMap, card: ModelCard) -> bool:
    names = {label.name.casefold() for label in labels.scheme.labels}
    return bool(names) and names <= {label.name.casefold() for label in card.scheme.labels}


def _is_of_a_model(labels: LabelMap) -> bool:
    """Tell whether a map's labels are those of a model that outlines structures, e.g. zones."""
    outlining = (card for card in models() if card.task is Task.SEGMENTATION)
    return any(_is_of_scheme(labels, card) for card in outlining)


def _all_begin(labels: LabelMap, word: str) -> bool:
    names = [label.name.casefold() for label in labels.scheme.labels]
    return bool(names) and all(name.startswith(word) for name in names)
