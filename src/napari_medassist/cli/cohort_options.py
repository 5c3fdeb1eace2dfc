"""Options that the commands on cohorts share: the convention, and how the work is done."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_medassist.cli.progress import ProgressBar

if TYPE_CHECKING:
    from napari_medassist.app.cohort.run import Running

#: Exit code after Ctrl-C.
STOPPED = 130

_CACHE_NAME = ".medassist-cache"
#: Two processes take about two seconds to start: as long as some thirty cases.
_WORTH_A_POOL = 32


def add_convention_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the convention and the foreground."""
    parser.add_argument(
        "--convention",
        default="medassist",
        metavar="NAME|FILE",
        help="how lesions are told apart, matched and judged: a preset (see `conventions list`) "
        "or a .yaml file (default: %(default)s)",
    )
    add_label_option(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="SETTING=VALUE",
        help="change one setting of it, e.g. matching.threshold_reference=0.5; may stand several times",
    )


def add_label_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the foreground."""
    parser.add_argument(
        "--label",
        type=label_choice,
        nargs="+",
        metavar="N",
        help="foreground values (default: all non-zero)",
    )


def label_choice(text: str) -> int | str:
    """Return a label value, or the name of a label, which a label scheme may know."""
    try:
        return int(text)
    except ValueError:
        return text


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of how the work is done; none of them changes a result."""
    parser.add_argument(
        "--workers",
        type=int,
        default=cores(),
        metavar="N",
        help="processes that compare cases (default: one a core, here %(default)s)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="let a Dask cluster do it, e.g. tcp://10.0.0.1:8786"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help=f"folder of results that are used again (default: {_CACHE_NAME} in the output folder)",
    )
    parser.add_argument("--no-cache", action="store_true", help="compare everything anew, keep nothing")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def running_of(args: argparse.Namespace, *, n_cases: int) -> Running:
    """Return how the work is to be done.

    Parameters
    ----------
    args
        With the options of :func:`add_running_options` and ``out``.
    n_cases
        Number of cases; a few are not worth the start of several processes.
    """
    from napari_medassist.app.cohort.run import Running
    from napari_medassist.core.progress import silent

    few = n_cases < _WORTH_A_POOL and args.workers == cores()
    out = args.out.expanduser() if args.out else None
    cache = args.cache.expanduser() if args.cache else out and out / _CACHE_NAME
    return Running(
        workers=1 if few else args.workers,
        scheduler=args.scheduler,
        cache_dir=None if args.no_cache else cache,
        progress=silent if args.quiet else ProgressBar(),
    )


def stopped(args: argparse.Namespace) -> int:
    """Say after Ctrl-C what was lost and what was not; return the exit code."""
    print("\nStopped; no table was written.", file=sys.stderr)
    if not args.no_cache and (args.out or args.cache):
        print("What was compared is kept: the same command goes on from there.", file=sys.stderr)
    return STOPPED


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
