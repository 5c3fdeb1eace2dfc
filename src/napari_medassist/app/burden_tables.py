"""Opacities of the lungs as tables: of scans, of what became of them, and of densities."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from napari_medassist.app.lung_burden import WHOLE, ScanBurden
from napari_medassist.app.lung_follow_up import FollowUp
from napari_medassist.io.atomic import replacing
from napari_medassist.metrics.lung_burden import HISTOGRAM_HU, relative_scores


def write_table(
    scans: Sequence[ScanBurden], path: Path, followed: Sequence[FollowUp] | None = None
) -> Path:
    """Write a line a scan and part as CSV; what is not defined is an empty cell.

    Parameters
    ----------
    scans
        The corona score relative to the first one stands beside the absolute one.
    path
        Where to.
    followed
        What became of each scan's opacities in the next, one fewer than scans: adds columns, empty for
        the first scan. None if the scans were not aligned.
    """
    relative = relative_scores(tuple(scan.corona_cm3 for scan in scans))
    since = [None, *followed] if followed is not None else [None] * len(scans)
    added = ["persisting_ml", "new_ml", "gone_ml", "alignment"] if followed is not None else []
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        names = list(asdict(scans[0].parts[0])) if scans else []
        scores = ["corona_cm3", "corona_relative_to_first"]
        table.writerow(["scan", "date", "part", *names[1:], *scores, *added])
        for scan, ratio, found in zip(scans, relative, since, strict=True):
            for k, part in enumerate(scan.parts):
                name, *values = asdict(part).values()
                known = (scan.corona_cm3, ratio) if name == WHOLE else (None, None)
                change = _since(found, k) if added else []
                table.writerow([scan.name, scan.date, name, *map(_cell, (*values, *known)), *change])
    return path


def write_histograms(scans: Sequence[ScanBurden], path: Path) -> Path:
    """Write the densities of the lungs as CSV: a line a bin, the share of each scan in percent."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        names = [f"{scan.name} {scan.date}".strip() for scan in scans]
        table.writerow(["from_hu", "to_hu", *(f"{name}, percent" for name in names)])
        for number, (low, high) in enumerate(pairwise(HISTOGRAM_HU)):
            shares = [_cell(100 * scan.histogram[number]) for scan in scans]
            table.writerow([f"{low:g}", f"{high:g}", *shares])
    return path


def _since(found: FollowUp | None, k: int) -> list[str]:
    """Return the cells of what became of the part ``k`` since the scan before."""
    if found is None:
        return [""] * 4
    part = found.parts[k]
    volumes = (part.persisting_ml, part.new_ml, part.gone_ml)
    return [*map(_cell, volumes), str(found.verdict.light)]


def _cell(value: float | None) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"
