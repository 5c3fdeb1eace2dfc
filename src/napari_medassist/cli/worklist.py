"""``napari-medassist worklist``: make a list of cases to be read, or tell how far it is."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any, TextIO


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "worklist",
        help="make a worklist of cases, or tell how far its readers are",
        description="Make a worklist of the cases of a folder (each folder or image file in it) or of "
        "a table with the columns case and path; or, of a worklist, write a row for each case and "
        "reader: status, active seconds, notes. A blinded list is written whole: this is for who runs "
        "the study.",
        epilog="Exit code: 0 done, 1 done but something is to be known, 2 nothing was done.",
    )
    parser.add_argument("place", type=Path, help="a folder, a table (CSV), or a worklist")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="a new worklist (*.worklist.json), or a table (*.csv) of what is known; by default the "
        "table is printed",
    )
    parser.add_argument(
        "--blinded",
        action="store_true",
        help="in the new worklist nobody sees another reader's work before the own is done",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the list, or write its table."""
    from napari_medassist.app.reading.listing import listed
    from napari_medassist.app.reading.worklist import Worklist, make_worklist, table_of
    from napari_medassist.core.errors import InvalidSetting

    makes = args.out is not None and args.out.suffix.lower() == ".json"
    if makes:
        made = make_worklist(listed(args.place), args.out, blinded=args.blinded)
        kind = "blinded, " if made.is_blinded else ""
        print(f"{made.path}: {kind}{len(made.cases)} cases")
        for warning in made.warnings:
            print(f"! {warning}", file=sys.stderr)
        return 1 if made.warnings else 0
    if args.blinded:
        raise InvalidSetting("--blinded is for a new worklist.", cure="Give --out a *.worklist.json.")
    if args.place.suffix.lower() != ".json":
        raise InvalidSetting(
            "Only a worklist has readers.",
            cure="Make one of this place with --out FILE.worklist.json.",
        )
    rows = table_of(Worklist(args.place))
    if args.out is None:
        _write(rows, sys.stdout)
        return 0
    from napari_medassist.io.atomic import replacing

    with replacing(args.out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        _write(rows, file)
    print(f"{args.out}: {len(rows)} rows")
    return 0


def _write(rows: list[dict[str, str]], file: TextIO) -> None:
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
