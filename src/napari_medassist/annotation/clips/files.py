"""Ranges of frames as CSV and JSON: written whole or not at all, read back only for the same clip."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange, fields_of, range_of
from napari_medassist.annotation.clips.table import LabelSet
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    GeometryMismatch,
    InvalidSetting,
    UnsupportedFormat,
)
from napari_medassist.io.atomic import replacing

#: Columns of the CSV; frames count from 0, ``last_frame`` belongs to the range.
COLUMNS = (
    "clip",
    "clip_fingerprint",
    "clip_frames",
    "first_frame",
    "last_frame",
    "start_s",
    "end_s",
    "label",
    "note",
    "source",
)
_SCHEMA = "napari-medassist frame ranges 1"
#: Seconds in a file may differ so much from the clip's, from rounding.
_TIME_S = 2e-4


def write_ranges(path: Path, ranges: Iterable[FrameRange], key: ClipKey) -> None:
    """Write ranges as CSV or JSON, by the ending of the path.

    Raises
    ------
    UnsupportedFormat
        If the ending is another.
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    require_ranges_name(path)
    rows = [_row(found, key) for found in ranges]
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".csv":
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        else:
            clip = {"name": key.name, "fingerprint": key.fingerprint, "frames": key.n_frames}
            json.dump(
                {"schema": _SCHEMA, "clip": clip, "ranges": rows}, file, indent=1, ensure_ascii=False
            )


def require_ranges_name(path: Path) -> None:
    """Raise ``UnsupportedFormat`` if a file's name is not one that ranges are written to."""
    if path.suffix.lower() not in (".csv", ".json"):
        raise UnsupportedFormat("Ranges are written as .csv or .json.", path=path)


def read_ranges(path: Path, key: ClipKey) -> list[FrameRange]:
    """Read ranges of a clip that were written by :func:`write_ranges`.

    Raises
    ------
    FileProblem, CorruptFile
        If the file is missing or holds no ranges.
    GeometryMismatch
        If it belongs to another clip: another number of frames, fingerprint, or time of a frame.
    """
    found = []
    for number, row in enumerate(_rows(path), start=1):
        try:
            one = range_of(row)
            _require_clip(row, one, key, path)
            found.append(one)
        except (InvalidSetting, TypeError, ValueError) as error:
            raise CorruptFile(f"Range {number} cannot be read ({error}).", path=path) from error
    return found


def read_label_set(path: Path) -> LabelSet:
    """Read a template of labels: one a line; the line ``overlap: yes`` lets ranges overlap.

    Empty lines and lines that begin with ``#`` are passed over.
    """
    names, allows = [], False
    for line in (part.strip() for part in _text(path).splitlines()):
        if line.lower().replace(" ", "") in ("overlap:yes", "overlap:no"):
            allows = line.lower().endswith("yes")
        elif line and not line.startswith("#"):
            names.append(line)
    if not names:
        raise CorruptFile("The template holds no label.", path=path, cure="Write one a line.")
    try:
        return LabelSet(tuple(names), allows, path.stem)
    except InvalidSetting as error:
        raise CorruptFile(error.message, path=path) from error


def write_label_set(path: Path, labels: LabelSet) -> None:
    """Write a template that :func:`read_label_set` reads."""
    lines = [f"overlap: {'yes' if labels.allows_overlap else 'no'}", *labels.names]
    with replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(found: FrameRange, key: ClipKey) -> dict[str, Any]:
    fields = {**fields_of(found, key), "clip_frames": key.n_frames}
    return {column: fields[column] for column in COLUMNS}


def _rows(path: Path) -> Sequence[Mapping[str, Any]]:
    text = _text(path)
    if path.suffix.lower() == ".json":
        try:
            rows = json.loads(text)["ranges"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise CorruptFile("The file holds no ranges of frames.", path=path) from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise CorruptFile("The file holds no ranges of frames.", path=path)
        return rows
    reader = csv.DictReader(text.splitlines(keepends=True))
    missing = sorted({"first_frame", "last_frame", "label"} - set(reader.fieldnames or ()))
    if missing:
        raise CorruptFile(f"The table lacks the columns {', '.join(missing)}.", path=path)
    return list(reader)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptFile("The file is no UTF-8 text.", path=path) from error
    except OSError as error:
        raise FileProblem(f"The file cannot be read ({error.strerror}).", path=path) from error


def _require_clip(row: Mapping[str, Any], found: FrameRange, key: ClipKey, path: Path) -> None:
    """Raise unless what a row says of its clip is true of this one; what it leaves out is not asked."""
    cure = "Open the clip that the ranges were made on."
    frames = row.get("clip_frames")
    if (frames not in (None, "") and int(frames) != key.n_frames) or found.last >= key.n_frames:
        stated = frames or f"more than {found.last}"
        raise GeometryMismatch(
            f"The ranges belong to a clip of {stated} frames, this one has {key.n_frames}.",
            path=path,
            cure=cure,
        )
    fingerprint = row.get("clip_fingerprint")
    if fingerprint and fingerprint != key.fingerprint:
        raise GeometryMismatch(
            f"The ranges belong to another clip ({row.get('clip') or fingerprint}).",
            path=path,
            cure=cure,
        )
    start = row.get("start_s")
    if start not in (None, "") and abs(float(start) - key.start_s(found)) > _TIME_S:
        raise GeometryMismatch(
            f"Frame {found.first} lies at {key.start_s(found):g} s, the file says {start} s.",
            path=path,
            cure=cure,
        )
