"""``napari-medassist export``: a label map becomes a DICOM object or another format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

KINDS = ("seg", "labelmap-seg", "rtstruct", "sr", "other")


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "export",
        help="write a label map as DICOM SEG, RTSTRUCT or report, or in another format",
        description="Write a label map as DICOM SEG, RTSTRUCT or measurement report, on the grid of "
        "the DICOM images it was drawn on, or as NIfTI, NRRD or MetaImage (--to other, by the ending).",
    )
    parser.add_argument("labels", type=Path, help="the label map")
    parser.add_argument("--image", type=Path, metavar="STUDY", help="the DICOM images it was drawn on")
    parser.add_argument("--to", choices=KINDS, default="seg", help="what to write (seg)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--series", default="", help="number, description or UID of the series")
    parser.add_argument(
        "--segmentation", type=Path, metavar="FILE", help="for sr: the SEG it refers to"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="for sr: also write a CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file and name it."""
    from napari_medassist.app.exchange import export
    from napari_medassist.io.files import read_labels

    written = export(
        read_labels(args.labels),
        args.out,
        kind=args.to,
        images=() if args.image is None else (args.image,),
        series=args.series,
        segmentation=args.segmentation,
        table=args.table,
    )
    print(f"Wrote {written}")
    return 0
