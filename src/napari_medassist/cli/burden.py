"""``napari-medassist burden``: how much of the lungs is opaque, on one scan or over several."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "burden",
        help="measure opacities of the lungs on CT",
        description="Measure how much of the lungs is opaque, by lung and by zone (thirds by height, "
        "no lobes) or by lobe, and the corona score, on one or several CT of a patient. For research.",
        epilog="Exit code: 0 written, 1 written with warnings, 2 nothing was written.",
    )
    parser.add_argument("ct", type=Path, nargs="+", help="the scans, the first one first")
    for name, text in (
        ("opacities", "label maps of the opacities, one a scan (default: the model opacity-ct)"),
        ("lungs", "label maps of the lungs, 1 left, 2 right (default: the model lungs-ct)"),
        ("lobes", "label maps of the lobes: measured in place of the zones"),
    ):
        parser.add_argument(f"--{name}", type=Path, nargs="+", metavar="FILE", help=text)
    parser.add_argument("--date", nargs="+", default=[], metavar="DATE", help="of the scans")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the table to write (CSV)"
    )
    parser.add_argument(
        "--histogram", type=Path, metavar="FILE", help="write the densities of the lungs (CSV)"
    )
    parser.add_argument(
        "--chart", type=Path, metavar="FILE", help="write how it changes from scan to scan (HTML)"
    )
    parser.add_argument(
        "--align",
        action="store_true",
        help="align each scan with the one before: what of its opacities persists, is new, has gone",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure all scans and write the table."""
    from napari_medassist.app.burden_chart import write_chart
    from napari_medassist.app.burden_tables import write_histograms, write_table
    from napari_medassist.app.lung_burden import measured, outlined
    from napari_medassist.app.lung_follow_up import followed
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.io.files import read_labels, read_volume

    n = len(args.ct)
    for name in ("opacities", "lungs", "lobes", "date"):
        given = getattr(args, name)
        if given and len(given) != n:
            raise InvalidSetting(f"{n} scans, but {len(given)} --{name}: give one for each scan.")
    if args.align and n < 2:
        raise InvalidSetting("--align needs two scans or more.", cure="Leave it out.")
    outlines = []
    for number, path in enumerate(args.ct):
        outlines.append(
            outlined(
                read_volume(path),
                read_labels(args.opacities[number]) if args.opacities else None,
                lungs=read_labels(args.lungs[number]) if args.lungs else None,
                lobes=read_labels(args.lobes[number]) if args.lobes else None,
                date=args.date[number] if args.date else "",
            )
        )
    scans = [measured(scan) for scan in outlines]
    changes = followed(outlines) if args.align else None
    if args.chart is not None:
        write_chart(scans, args.chart, changes)
    write_table(scans, args.out, changes)
    if args.histogram is not None:
        write_histograms(scans, args.histogram)
    for scan in scans:
        whole = scan.parts[0]
        told = f"{whole.share_percent:.1f} % of {whole.lung_ml:.0f} ml lung opaque"
        print(f"{scan.name} {scan.date}: {told}, corona score {scan.corona_cm3:.1f} cm3")
        for warning in scan.warnings:
            print(f"warning: {scan.name}: {warning}", file=sys.stderr)
    for found in changes or ():
        since = found.parts[0]
        told = f"{since.persisting_ml:.0f} ml persist, {since.new_ml:.0f} new, {since.gone_ml:.0f} gone"
        print(f"{found.name} since {found.since}: {told}; alignment {found.verdict.light}")
        for warning in found.warnings:
            print(f"warning: {warning}", file=sys.stderr)
    warned = [*(scan.warnings for scan in scans), *(found.warnings for found in changes or ())]
    return int(any(warned))
