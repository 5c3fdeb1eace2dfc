"""``napari-medassist cohort``: napari with a cohort to look through."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.core.errors import InvalidSetting

if TYPE_CHECKING:
    from napari_medassist.app.browser.sources import CohortSources


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "cohort",
        help="look through a cohort in napari: where Dice and lesions part",
        description="Open napari with the cohort dock: a table of cases beside linked plots. Either "
        "the results of an earlier 'evaluate' or 'compare', or folders to compare now.",
    )
    parser.add_argument(
        "results", type=Path, nargs="?", help="folder that 'evaluate' or 'compare' wrote to"
    )
    parser.add_argument("--reference", metavar="PLACE", help="folder or pattern of label maps")
    parser.add_argument(
        "--prediction",
        action="append",
        default=[],
        metavar="[NAME=]PLACE",
        help="folder or pattern of predictions; may stand several times, once a model",
    )
    parser.add_argument("--images", metavar="PLACE", help="folder of images, found by case name")
    parser.add_argument("--zones", metavar="PLACE", help="folder of zone maps, called like the cases")
    parser.add_argument("--manifest", metavar="FILE", help="table of the cases instead of folders")
    parser.add_argument(
        "--kind",
        choices=("labels", "probability", "detection"),
        default="labels",
        help="what the predictions hold (default: %(default)s)",
    )
    parser.add_argument(
        "--label", type=int, nargs="+", metavar="N", help="foreground values (default: all non-zero)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    sources = sources_of(args)
    from napari_medassist._qt.screen import require_screen

    require_screen()
    from napari_medassist._qt.launch import open_cohort, run_window

    open_cohort(sources)
    run_window()
    return 0


def sources_of(args: argparse.Namespace) -> CohortSources | None:
    """Return the cohort that the arguments name; None if they name none.

    Raises
    ------
    InvalidSetting
        If results and folders are given at once, or something is missing.
    FileProblem
        If a place does not exist.
    """
    from napari_medassist.app.browser.source_form import sources_of_form
    from napari_medassist.app.browser.sources import CohortSources

    given = [args.reference, *args.prediction, args.manifest]
    if args.results is not None:
        if any(given):
            raise InvalidSetting(
                "Results and folders are given at once.", cure="Give the one or the other."
            )
        return CohortSources(results=args.results, images=args.images, zones=args.zones)
    if not any(given):
        return None
    return sources_of_form(
        reference=args.reference or "",
        predictions=[_named(text) for text in args.prediction],
        images=args.images or "",
        zones=args.zones or "",
        manifest=args.manifest or "",
        kind=args.kind,
        label=" ".join(map(str, args.label or ())),
    )


def _named(text: str) -> tuple[str, str]:
    """Split NAME=PLACE; a place alone has no name."""
    name, sign, place = text.partition("=")
    return (name, place) if sign else ("", text)
