"""The label maps and findings of each reader, kept by case and reader beside the worklist."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_medassist.core.case import Case
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    InvalidSetting,
    MedAssistError,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.labels import Label, LabelMap, LabelScheme
from napari_medassist.core.volume import GridImage
from napari_medassist.io.atomic import replacing
from napari_medassist.io.files import read_labels, write

FORMAT, VERSION = "napari-medassist reading", 1
RECORD = "reading.json"
_UNSAFE = re.compile(r'[<>:"/\\|?*%\x00-\x1f]')


@dataclass(frozen=True, eq=False)
class Reading:
    """What one reader made of one case.

    Parameters
    ----------
    case, reader
        Whose reading of what.
    maps
        Label maps, each on the grid of its image.
    findings
        Id of a finding -> its fields, plain values.
    when
        When it was saved, UTC.
    """

    case: str
    reader: str
    maps: tuple[LabelMap, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""


def folder_name(name: str) -> str:
    """Return a name as a folder may be called; different names stay different.

    What some system forbids is written as its code after ``%``.
    """
    safe = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    if safe.endswith((".", " ")) or safe.startswith("."):  # hidden, or dropped by Windows
        safe = "".join(f"%{ord(c):02X}" if c in ". " else c for c in safe)
    if not safe:
        raise InvalidSetting("A name is empty.")
    return safe


class Readings:
    """Files ``readings/CASE/READER/labels.nii.gz`` and ``reading.json`` in the folder of a worklist.

    Parameters
    ----------
    folder
        The folder ``readings``; made when something is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, case: str, reader: str) -> Path:
        """Return the folder of a reading; it need not exist."""
        return self.folder / folder_name(case) / folder_name(reader)

    def exists(self, case: str, reader: str) -> bool:
        """Tell whether a reader has saved anything of a case."""
        return (self.place(case, reader) / RECORD).is_file()

    def save(self, reading: Reading) -> Path:
        """Write a reading; each file is replaced whole. Return its folder.

        Raises
        ------
        WriteFailed
            If it cannot be written, or another reader's name would have the same folder here.
        """
        place = self.place(reading.case, reading.reader)
        self._require_own(place, reading)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteFailed(
                f"The reading cannot be kept here ({error.strerror or error}).",
                path=place,
                cure="Check your right to write there, or make the worklist in another folder.",
            ) from error
        for number, labels in enumerate(reading.maps):
            write(labels, place / _file_of(number))
        content = {
            "format": FORMAT,
            "version": VERSION,
            "case": reading.case,
            "reader": reading.reader,
            "when": reading.when or datetime.now(UTC).isoformat(),
            "maps": [_plain_map(n, labels) for n, labels in enumerate(reading.maps)],
            "findings": dict(reading.findings),
        }
        write_json(place / RECORD, content)
        return place

    def load(self, case: str, reader: str, images: Case | None = None) -> Reading | None:
        """Return a reader's reading of a case; None if there is none.

        Parameters
        ----------
        case, reader
            Whose reading of what.
        images
            The case as it is open: a map on the grid of one of its images is put on that very grid.

        Raises
        ------
        FileProblem
            If it is there and cannot be read, is damaged, or was written by a newer version.
        """
        place = self.place(case, reader)
        record = place / RECORD
        if not record.is_file():
            return None
        content = read_json(record, FORMAT, VERSION, "reading")
        try:
            maps = tuple(_map_of(place, plain, images) for plain in content["maps"])
            findings = dict(content["findings"])
            return Reading(case, str(content["reader"]), maps, findings, str(content["when"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFile(
                f"The reading is damaged ({error}).", path=record, cure="Its label maps are beside it."
            ) from error

    def _require_own(self, place: Path, reading: Reading) -> None:
        """Raise if the folder holds the reading of somebody else (``anna`` and ``Anna`` on Windows)."""
        try:
            known = json.loads((place / RECORD).read_text(encoding="utf-8"))
            other = (known["case"], known["reader"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if other != (reading.case, reading.reader):
            raise WriteFailed(
                f"The reading of '{other[0]}' by '{other[1]}' has this folder already.",
                path=place,
                cure="Use the name exactly as before, or one that differs in more than capitals.",
            )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file of plain values whole; raises ``WriteFailed`` if that is not possible."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path, kind: str, version: int, what: str) -> dict[str, Any]:
    """Return the content of a file of ours, whose format and version are checked.

    Raises
    ------
    FileProblem
        If it cannot be read, is damaged, or was written by a newer version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem(f"It cannot be read ({error.strerror or error}).", path=path) from error
    except ValueError as error:
        raise CorruptFile(f"The {what} is damaged ({error}).", path=path) from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise CorruptFile(f"This is no {what}.", path=path)
    if not isinstance(content.get("version"), int) or content["version"] > version:
        raise UnsupportedFormat(
            f"The {what} is of version {content.get('version')}, this program knows {version}.",
            path=path,
            cure="Update napari-medassist; the file was not touched.",
        )
    return content


def on_grid_of(labels: LabelMap, images: Sequence[GridImage]) -> LabelMap:
    """Return a label map on the very grid of the image that it was drawn on, if one of these is it.

    A file rounds its geometry; the voxels are the same.
    """
    for image in images:
        if image.geometry.is_same_grid(labels.geometry):
            return LabelMap.on(
                image, labels.array, name=labels.name, scheme=labels.scheme, warnings=labels.warnings
            )
    return labels


def _file_of(number: int) -> str:
    return "labels.nii.gz" if number == 0 else f"labels-{number + 1}.nii.gz"


def _plain_map(number: int, labels: LabelMap) -> dict[str, Any]:
    scheme = labels.scheme.completed(labels.values())
    return {
        "file": _file_of(number),
        "name": labels.name,
        "labels": [{"value": n.value, "name": n.name, "colour": list(n.colour)} for n in scheme.labels],
    }


def _map_of(place: Path, plain: Mapping[str, Any], images: Case | None) -> LabelMap:
    file = Path(str(plain["file"])).name  # never outside of the folder
    try:
        labels = read_labels(place / file)
    except MedAssistError as error:
        raise FileProblem(f"A label map of the reading cannot be read: {error}", path=place) from error
    scheme = LabelScheme(
        tuple(
            Label(int(n["value"]), str(n["name"]), tuple(int(c) for c in n["colour"]))  # type: ignore[arg-type]
            for n in plain["labels"]
        )
    )
    labels = labels.with_changes(name=str(plain["name"]), scheme=scheme)
    grids: list[GridImage] = [] if images is None else [*images.volumes(), *images.labels]
    return on_grid_of(labels, grids)
