"""``napari-medassist consensus``: one label map of several readers'."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "consensus",
        help="make one label map of several readers'",
        description="Make one label map of two or more readers' label maps on one grid. Each label is "
        "judged by itself; voxels at which the readers are split evenly stay background and are told.",
        epilog="Exit code: 0 written, 2 nothing was written.",
    )
    parser.add_argument("maps", type=Path, nargs="+", metavar="FILE", help="the readers' label maps")
    parser.add_argument(
        "--method",
        choices=("staple", "majority", "union", "intersection"),
        default="staple",
        help="how (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the label map to write"
    )
    parser.add_argument("--quiet", action="store_true", help="write the file and say nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the consensus."""
    from napari_medassist.annotation.consensus import consensus
    from napari_medassist.io.files import read_labels, write

    found = consensus([read_labels(path) for path in args.maps], args.method)
    path = write(found.labels, args.out)
    if not args.quiet:
        print(f"{path}: {args.method} of {len(args.maps)} readers, {found.n_tied} voxels tied")
        for value, sensitivities in found.sensitivity.items():
            name = found.labels.scheme.get(value).name
            for file, sensitivity, specificity in zip(
                args.maps, sensitivities, found.specificity[value], strict=True
            ):
                print(
                    f"  {name}, {file.name}: sensitivity {sensitivity:.3f}, "
                    f"specificity {specificity:.3f}"
                )
    return 0
