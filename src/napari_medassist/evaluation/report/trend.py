"""A page of lines over dated scans, in one file that asks nothing of any network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from markupsafe import Markup

from napari_medassist import __version__
from napari_medassist.evaluation.report.page import environment, json_text, policy, static

_SCRIPTS = ("plotly-basic.min.js", "trend.js")
_STYLES = ("plotly.css", "report.css")


@dataclass(frozen=True)
class TrendLine:
    """One line.

    Parameters
    ----------
    name
        What it shows.
    x
        Dates or names of the scans.
    y
        Values; None where one is not defined, which leaves a gap.
    told
        What is said of each point when the mouse is over it.
    bold
        Whether it stands out.
    """

    name: str
    x: tuple[str, ...]
    y: tuple[float | None, ...]
    told: tuple[str, ...]
    bold: bool = False


@dataclass(frozen=True)
class TrendPanel:
    """Lines that share an axis.

    Parameters
    ----------
    title, unit
        What stands above it and beside its axis.
    series
        The lines.
    from_zero
        Whether the axis begins at 0.
    """

    title: str
    unit: str
    series: tuple[TrendLine, ...]
    from_zero: bool = True


def render_trend(
    title: str, panels: Sequence[TrendPanel], notes: Sequence[str], *, is_time: bool
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title
        What stands at the top.
    panels
        What is drawn, one below the other.
    notes
        Sentences that a reader must know.
    is_time
        Whether x are dates (ISO 8601), laid out by their distances; else they stand in their order.
    """
    return (
        environment()
        .get_template("trend.html")
        .render(
            title=title,
            version=__version__,
            panels=panels,
            notes=notes,
            data=json_text({"isTime": is_time, "panels": [asdict(panel) for panel in panels]}),
            scripts=[Markup(static(name)) for name in _SCRIPTS],  # noqa: S704  our own files
            styles=[Markup(static(name)) for name in _STYLES],  # noqa: S704  our own files
            policy=policy(_SCRIPTS, _STYLES),
        )
    )
