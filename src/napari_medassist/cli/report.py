"""``napari-medassist report``: results as one HTML page that can be sent, printed, attached."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_medassist.cli.progress import ProgressBar


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "report",
        help="write results as one HTML page: both levels, plots, pictures, every case",
        description="Write what `evaluate` or `compare` found as one HTML file that loads nothing from "
        "any network: findings, both levels side by side with intervals, plots, pictures of "
        "the largest disagreements, the case table, the convention, hashes and versions.",
        epilog="Exit code: 0 written, 2 nothing was written. Names of cases that come from DICOM are "
        "replaced by numbers, and readers' notes on them left out, unless --with-identifiers is given.",
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of evaluate or compare")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the HTML file (default: report.html in the folder of the results)",
    )
    parser.add_argument("--title", default="Evaluation report", help="what stands at the top")
    parser.add_argument(
        "--images",
        metavar="DIR|PATTERN",
        help="images of the cases, shown below the outlines; found by the names of the cases",
    )
    parser.add_argument(
        "--zones", metavar="DIR|PATTERN", help="zone maps, shown where there is no image"
    )
    parser.add_argument(
        "--pictures", type=int, default=24, metavar="N", help="at most so many (default: %(default)s)"
    )
    parser.add_argument(
        "--pdf", type=Path, metavar="FILE", help="print the page to a PDF too; needs Chromium or Chrome"
    )
    parser.add_argument(
        "--with-identifiers",
        action="store_true",
        help="keep names of cases that come from DICOM, and full paths",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no closing line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the report."""
    from napari_medassist.app.report.sources import ReportSource
    from napari_medassist.app.report.write import ReportOptions, write_report
    from napari_medassist.core.progress import silent

    out = args.out or args.results / "report.html"
    options = ReportOptions(
        title=args.title,
        images=args.images,
        zones=args.zones,
        n_pictures=max(0, args.pictures),
        with_identifiers=args.with_identifiers,
    )
    source = ReportSource.of_results(args.results)
    progress = silent if args.quiet or not sys.stderr.isatty() else ProgressBar()
    path = write_report(source, out, options, pdf=args.pdf, progress=progress)
    if not args.quiet:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        if args.pdf:
            print(args.pdf)
    return 0
