"""``napari-medassist measurements``: what a DICOM measurement report holds, as CSV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "measurements",
        help="list the measurements of a DICOM structured report",
        description="Print the measured findings of a DICOM structured report (TID 1500) as CSV.",
    )
    parser.add_argument("path", type=Path, help="the report")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from napari_medassist.io.dicom.derived.measurements import as_csv
    from napari_medassist.io.dicom.derived.report_reading import read_report

    print(as_csv(read_report(args.path).findings), end="")
    return 0
