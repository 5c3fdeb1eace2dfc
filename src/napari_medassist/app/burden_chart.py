"""How the opacities of the lungs change over the dated scans of a patient, as a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from napari_medassist.app.lung_burden import WHOLE, ScanBurden
from napari_medassist.app.lung_follow_up import FollowUp
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.report.trend import TrendLine, TrendPanel, render_trend
from napari_medassist.io.atomic import replacing
from napari_medassist.metrics.lung_burden import PartBurden, relative_scores

_ALIGNED = (
    "Each scan was aligned with the one before by a deformation; what persists, is new or has gone is "
    "measured in the later scan. An alignment that is not green is not to be relied on."
)


def write_chart(
    scans: Sequence[ScanBurden], path: Path, followed: Sequence[FollowUp] | None = None
) -> Path:
    """Write the chart as one HTML file that needs no network.

    Scans whose dates are all ISO 8601 (2020-03-01) are laid out by their distances in time; else they
    stand in the order in which they are given.

    Parameters
    ----------
    scans
        At least two, of one patient.
    path
        Where to.
    followed
        What became of each scan's opacities in the next, one fewer than scans; None if the scans were
        not aligned.

    Raises
    ------
    InvalidSetting
        If there are fewer than two scans, or dates that go back in time.
    WriteFailed
        If it cannot be written; what stood there is unchanged.
    """
    if len(scans) < 2:
        raise InvalidSetting(
            "A chart over time needs two scans or more.", cure="Leave out --chart, or give more scans."
        )
    x, is_time = _places(scans)
    relative = relative_scores(tuple(scan.corona_cm3 for scan in scans))
    scores = tuple(map(_score_in_words, scans, relative))
    panels = [
        TrendPanel(
            "Opacity of lung", "percent", _lines(scans, x, lambda p: p.share_percent, "{:.1f} %")
        ),
        TrendPanel(
            "Corona score",
            "cm3",
            (TrendLine(WHOLE, x, tuple(scan.corona_cm3 for scan in scans), scores, bold=True),),
        ),
        TrendPanel(
            "Mean density",
            "HU",
            _lines(scans, x, lambda p: p.mean_hu, "{:.0f} HU"),
            from_zero=False,
        ),
    ]
    if followed is not None:
        panels.insert(1, TrendPanel("Since the scan before", "ml", _changes(followed, x)))
    notes = [
        "Zones are thirds of each scan's own lungs by height.",
        "Nothing aligns two scans." if followed is None else _ALIGNED,
        "A share does not depend on how deep the breath was as a volume does; a density does.",
        *(f"{_name(scan)}: {told}" for scan in scans for told in scan.warnings),
        *(f"{found.name}: {told}" for found in followed or () for told in found.warnings),
    ]
    page = render_trend("Opacities of the lungs over time", panels, notes, is_time=is_time)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _places(scans: Sequence[ScanBurden]) -> tuple[tuple[str, ...], bool]:
    """Return where scans stand along x, and whether these are dates."""
    try:
        days = [date.fromisoformat(scan.date) for scan in scans]
    except ValueError:
        names = [scan.date or scan.name for scan in scans]
        numbered = [f"{n}. {name}" for n, name in enumerate(names, start=1)]
        return tuple(numbered if len(set(names)) < len(names) else names), False
    if days != sorted(days):
        raise InvalidSetting(
            "The dates of the scans go back in time.",
            cure="Give the scans in the order of their dates.",
        )
    return tuple(day.isoformat() for day in days), True


def _lines(
    scans: Sequence[ScanBurden],
    x: tuple[str, ...],
    value: Callable[[PartBurden], float],
    form: str,
) -> tuple[TrendLine, ...]:
    """Return a line a part; one that a scan does not have leaves a gap there."""
    names = list(dict.fromkeys(part.name for scan in scans for part in scan.parts))
    lines = []
    for name in names:
        found = [next((p for p in scan.parts if p.name == name), None) for scan in scans]
        y = [math.nan if part is None else value(part) for part in found]
        lines.append(
            TrendLine(
                name,
                x,
                tuple(None if math.isnan(v) else v for v in y),
                tuple(f"{_name(s)}: {form.format(v)}" for s, v in zip(scans, y, strict=True)),
                bold=name == WHOLE,
            )
        )
    return tuple(lines)


def _changes(followed: Sequence[FollowUp], x: tuple[str, ...]) -> tuple[TrendLine, ...]:
    """Return what persists, is new and has gone, of both lungs; the first scan has no value."""
    wholes = [found.parts[0] for found in followed]
    volumes = {
        "persists": [part.persisting_ml for part in wholes],
        "new": [part.new_ml for part in wholes],
        "gone": [part.gone_ml for part in wholes],
    }
    lines = []
    for word, y in volumes.items():
        told = [
            f"{found.name}: {v:.0f} ml, alignment {found.verdict.light}"
            for found, v in zip(followed, y, strict=True)
        ]
        lines.append(TrendLine(word, x, (None, *y), ("", *told)))
    return tuple(lines)


def _score_in_words(scan: ScanBurden, relative: float) -> str:
    ratio = "" if math.isnan(relative) else f", {relative:.2f} x the first"
    return f"{_name(scan)}: {scan.corona_cm3:.1f} cm3{ratio}"


def _name(scan: ScanBurden) -> str:
    return f"{scan.name} {scan.date}".strip()
