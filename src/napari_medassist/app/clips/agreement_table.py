"""What each pair of readers of a clip agrees on, as a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from napari_medassist.annotation.clips.agreement import Agreement, agreement
from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.core.errors import UnsupportedFormat
from napari_medassist.io.atomic import replacing

#: A line for each pair and label; what belongs to the pair (from ``labelled_s`` on) stands in each.
COLUMNS = (
    "clip",
    "clip_fingerprint",
    "first",
    "second",
    "label",
    "both_s",
    "first_only_s",
    "second_only_s",
    "dice",
    "labelled_s",
    "same_s",
    "kappa",
    "differences",
)


def write_agreement(
    path: Path, readings: Mapping[str, Sequence[FrameRange]], key: ClipKey
) -> tuple[int, int]:
    """Compare every reader with every other one, and write that as CSV.

    An undefined figure is an empty cell: Dice of a label is defined where either named it. A pair of
    which neither labelled anything has a line without a label.

    Parameters
    ----------
    path
        Ends in ``.csv``.
    readings
        Reader -> ranges.
    key
        The clip.

    Returns
    -------
    pairs, lines
        How many were written.

    Raises
    ------
    UnsupportedFormat
        If the file has another ending.
    WriteFailed
        If it cannot be written; what stood there is unchanged.
    """
    if path.suffix.lower() != ".csv":
        raise UnsupportedFormat("Agreement is written as .csv.", path=path)
    pairs = list(combinations(readings, 2))
    rows = [
        (key.name, key.fingerprint, first, second, *cells)
        for first, second in pairs
        for cells in _cells(agreement(readings[first], readings[second], key))
    ]
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((COLUMNS, *rows))
    return len(pairs), len(rows)


def _cells(of: Agreement) -> list[tuple[str, ...]]:
    pair = (_text(of.labelled_s), _text(of.same_s), _text(of.kappa), str(len(of.differences)))
    labels = [
        (label, *map(_text, (one.both_s, one.first_only_s, one.second_only_s, one.dice)))
        for label, one in of.by_label.items()
    ]
    return [(*cells, *pair) for cells in labels or [("", "", "", "", "")]]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
