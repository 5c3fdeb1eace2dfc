"""``napari-medassist share``: a copy of a case without what identifies the patient."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from napari_medassist.cli.progress import ProgressBar


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "share",
        help="copy a case without what identifies the patient",
        description="Copy the images and labels of a case without what identifies the patient (DICOM "
        "PS3.15 basic profile). Look at the result before you give it away.",
    )
    parser.add_argument("path", type=Path, help="a study folder, or a file")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    parser.add_argument(
        "--mapping",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON of old and new identifiers; outside of the folder, to be kept secret",
    )
    parser.add_argument(
        "--shift-dates",
        action="store_true",
        help="move dates by a random number of days and keep times, instead of removing both",
    )
    parser.add_argument(
        "--keep-patient-characteristics",
        action="store_true",
        help="keep sex, age, size and weight",
    )
    parser.add_argument(
        "--with-burned-in",
        action="store_true",
        help="share also images that may have text burned in (ultrasound, screenshots)",
    )
    parser.add_argument(
        "--black-out-found",
        action="store_true",
        help="of these, make black in the copy what the search for text found",
    )
    parser.add_argument(
        "--black-out",
        action="append",
        default=[],
        type=_box,
        metavar="X0,Y0,X1,Y1",
        help="of these, make a box black in the copy, in pixels; may be repeated",
    )
    parser.set_defaults(run=run)


def _box(text: str) -> tuple[int, int, int, int]:
    """Return the ends of a box; argparse tells the user of what is none."""
    left, top, right, bottom = (int(part) for part in text.split(","))
    if not (0 <= left < right and 0 <= top < bottom):
        raise ValueError(text)
    return left, top, right, bottom


def run(args: argparse.Namespace) -> int:
    """Share the case and say what was left out."""
    from napari_medassist.io.sharing.burned_in import Box
    from napari_medassist.io.sharing.profile import SharingOptions
    from napari_medassist.io.sharing.share import Blacking, share

    options = SharingOptions(args.shift_dates, args.keep_patient_characteristics)
    shared = share(
        args.path,
        args.out,
        args.mapping,
        options=options,
        keep_doubtful=args.with_burned_in,
        blacking=Blacking(args.black_out_found, tuple(Box(*ends) for ends in args.black_out)),
        progress=ProgressBar(),
    )
    print(f"Shared {shared.n_files} files in {shared.folder}")
    for line in shared.warnings:
        print(f"! {line}", file=sys.stderr)
    for line in shared.left_out:
        print(f"! left out: {line}", file=sys.stderr)
    return 1 if shared.left_out or shared.warnings else 0
