"""``napari-medassist``: one sub-command a file; heavy imports only when a sub-command runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from napari_medassist import __version__
from napari_medassist.cli import (
    burden,
    cohort,
    compare,
    consensus,
    conventions,
    demo,
    evaluate,
    export,
    inspect,
    measurements,
    models,
    open_window,
    register,
    report,
    segment,
    share,
    train,
    voice,
    worklist,
)
from napari_medassist.core.errors import Cancelled, MedAssistError

#: Exit codes: done; done, but something is wrong with the data; nothing was done.
OK, PROBLEMS, USAGE = 0, 1, 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all sub-commands."""
    parser = argparse.ArgumentParser(
        prog="napari-medassist",
        description="Annotate and evaluate medical images, geometry-true. Not a medical device.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (
        burden, cohort, compare, consensus, conventions, demo, evaluate, export, inspect, measurements,
        models, open_window, register, report, segment, share, train, voice,
        worklist,
    ):  # fmt: skip
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The arguments; the process's own by default.

    Returns
    -------
    int
        0 done, 1 done but something is wrong with the data, 2 nothing was done.
    """
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except (Cancelled, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # what reads our output (head, a pager) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except MedAssistError as error:
        print(f"napari-medassist: {error}", file=sys.stderr)
        return USAGE
    return code


if __name__ == "__main__":
    sys.exit(main())
