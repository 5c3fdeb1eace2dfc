"""``napari-medassist demo``: the simulated study opened, labelled, saved and scored."""

from __future__ import annotations

import argparse
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
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from napari_medassist._qt.screen import require_screen

    require_screen()
    from napari_medassist._qt.demo import run_demo
    from napari_medassist._qt.launch import run_window

    written = run_demo(args.out)
    if args.out is None:
        run_window()
        return 0
    print("SIMULATED case: opened, labelled, saved, compared. Written:")
    for path in written:
        print(f"  {path}")
    return 0
