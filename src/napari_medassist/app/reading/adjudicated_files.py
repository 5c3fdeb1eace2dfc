"""The adjudicated label map of a case and its record, kept beside the worklist."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.reading.listing import ADJUDICATED_FOLDER
from napari_medassist.app.reading.readings import folder_name, on_grid_of, read_json, write_json
from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.core.volume import GridImage
from napari_medassist.io.files import read_labels, write

FORMAT, VERSION = "napari-medassist adjudication", 1
LABELS, RECORD = "labels.nii.gz", "record.json"


@dataclass(frozen=True, eq=False)
class Adjudicated:
    """What was saved of an adjudication.

    Parameters
    ----------
    labels
        The label map.
    record
        Who decided what; plain values.
    """

    labels: LabelMap
    record: Mapping[str, Any]


def adjudicated_place(folder: Path, case: str, adjudicator: str) -> Path:
    """Return the folder ``adjudicated/CASE/ADJUDICATOR`` in that of a worklist; it need not exist."""
    return folder / ADJUDICATED_FOLDER / folder_name(case) / folder_name(adjudicator)


def save_adjudicated(place: Path, labels: LabelMap, record: Mapping[str, Any]) -> Path:
    """Write the map, on its source grid, and the record beside it; each is replaced whole.

    Raises
    ------
    WriteFailed
        If they cannot be written; what stood there is unchanged.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(
            f"The adjudication cannot be kept here ({error.strerror or error}).", path=place
        ) from error
    write(labels, place / LABELS)
    write_json(place / RECORD, {"format": FORMAT, "version": VERSION, **record})
    return place


def load_adjudicated(place: Path, grid: GridImage) -> Adjudicated | None:
    """Return what was saved, on the grid of an image if it is the same; None if there is nothing.

    Raises
    ------
    FileProblem
        If it cannot be read, is damaged, or was written by a newer version.
    """
    if not (place / RECORD).is_file():
        return None
    record = read_json(place / RECORD, FORMAT, VERSION, "record")
    return Adjudicated(on_grid_of(read_labels(place / LABELS), [grid]), record)


class AdjudicationSaver:
    """Saves in other threads; of several states that wait, the newest is written last.

    Parameters
    ----------
    place
        The folder of the adjudication.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._lock, self._requests = threading.Lock(), Requests()

    def save(
        self,
        labels: LabelMap,
        record: Mapping[str, Any],
        accept: Callable[[Path], None],
        fail: Callable[[BaseException], None],
    ) -> Work[Path]:
        """Return the work of saving a state; its array must not change meanwhile."""

        def run(progress: Progress) -> Path:
            with self._lock:
                progress(0, 1, "Saving")  # stops what a newer state has overtaken
                return save_adjudicated(self.place, labels, record)

        return self._requests.start("Saving the adjudication", run, accept, fail, is_quick=True)

    def save_now(self, labels: LabelMap, record: Mapping[str, Any]) -> Path:
        """Save a state in this thread, after what is being written; raises ``WriteFailed``."""
        self._requests.overtake()
        with self._lock:
            return save_adjudicated(self.place, labels, record)


def set_aside(place: Path) -> Path | None:
    """Keep an earlier adjudication under another name; return it, None if there is none.

    Raises
    ------
    WriteFailed
        If it cannot be renamed.
    """
    if not place.is_dir():
        return None
    number = 1
    while (aside := place.with_name(f"{place.name} (earlier {number})")).exists():
        number += 1
    try:
        return place.rename(aside)
    except OSError as error:
        raise WriteFailed(
            f"The earlier adjudication cannot be set aside ({error.strerror or error}).", path=place
        ) from error
