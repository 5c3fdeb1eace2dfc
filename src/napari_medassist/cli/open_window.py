"""``napari-medassist open``: napari with a study in it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "open",
        help="open a study in napari",
        description="Open studies, images or label maps in napari, with the MedAssist dock.",
    )
    parser.add_argument("path", type=Path, nargs="+", help="a study folder, image or label map")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    from napari_medassist._qt.screen import require_screen

    require_screen()
    from napari_medassist._qt.launch import open_paths, run_window

    open_paths(args.path)
    run_window()
    return 0
