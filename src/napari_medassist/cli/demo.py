"""``napari-medassist demo``: the simulated study opened, labelled, saved and scored."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "demo",
        help="show what it does on the bundled simulated case",
        description="Open the bundled simulated study, label it, score it and show the result.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="close the window at the end; leave a screenshot, the tables and a label file here",
    )
    parser.add_argument(
        "--cohort",
        action="store_true",
        help="write a simulated cohort (to DIR, or a temporary folder) and look through it instead",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from napari_medassist._qt.screen import require_screen

    require_screen()
    from napari_medassist._qt.demo import run_demo
    from napari_medassist._qt.launch import run_window

    if args.cohort:
        return _look_through_cohort(args.out)
    written = run_demo(args.out)
    if args.out is None:
        run_window()
        return 0
    print("SIMULATED case: opened, labelled, saved, compared. Written:")
    for path in written:
        print(f"  {path}")
    return 0


def _look_through_cohort(out: Path | None) -> int:
    """Open a simulated cohort in the browser and stay until the window is closed."""
    from napari_medassist._qt.launch import open_cohort, run_window
    from napari_medassist.app.browser.sources import CohortSources
    from napari_medassist.app.sample_cohort import write_sample_cohort

    folder = out or Path(tempfile.mkdtemp(prefix="simulated-cohort-"))
    cohort = write_sample_cohort(folder)
    print(f"SIMULATED cohort: {folder}")
    open_cohort(
        CohortSources(
            reference=cohort.reference,
            predictions=cohort.predictions,
            images=cohort.images,
            zones=cohort.zones,
        )
    )
    run_window()
    return 0
