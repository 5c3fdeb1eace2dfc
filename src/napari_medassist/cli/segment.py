"""``napari-medassist segment``: run a model on a file or a study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from napari_medassist.cli.progress import ProgressBar


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "segment",
        help="segment an image or a study with a model",
        description="Segment an image or a study with a model. The label map lies on the grid of the "
        "model's first image. For research; look at the result before you use it.",
        epilog="Exit code: 0 written, 1 written with warnings, 2 nothing was written.",
    )
    parser.add_argument("path", type=Path, help="an image file, or a study folder")
    parser.add_argument("--model", required=True, metavar="NAME", help="see: napari-medassist models")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the label map to write"
    )
    parser.add_argument(
        "--backend",
        choices=("openvino", "onnxruntime", "torch", "torchscript"),
        default="",
        help="what runs the network (default: the first that is installed)",
    )
    parser.add_argument(
        "--threads", type=_threads, metavar="N", help="threads (default: all processors)"
    )
    parser.add_argument(
        "--uncertainty",
        type=Path,
        metavar="FILE",
        help="write where the network is not sure, 0 to 1, as an image (NIfTI, NRRD or MHA)",
    )
    parser.add_argument("--quiet", action="store_true", help="write the file and print warnings only")
    parser.set_defaults(run=run)


def _threads(text: str) -> int:
    """Return a number of threads; argparse tells the user of what is none."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def run(args: argparse.Namespace) -> int:
    """Read, segment and write."""
    import numpy as np

    from napari_medassist.app.exchange import save
    from napari_medassist.app.segmenting import segment
    from napari_medassist.core.progress import silent
    from napari_medassist.io.files import read
    from napari_medassist.io.map_files import write_map
    from napari_medassist.models.registry import find_model

    card = find_model(args.model)
    case = read(args.path)
    volumes = tuple(case.volumes())
    preferred = volumes if len(volumes) == 1 and args.path.is_file() else ()
    made = segment(
        case,
        card,
        preferred=preferred,
        backend=args.backend,
        n_threads=args.threads,
        doubting=args.uncertainty is not None,
        progress=ProgressBar() if sys.stderr.isatty() else silent,
    )
    path = save(made.labels, args.out, case)
    if made.uncertainty is not None:
        write_map(made.uncertainty, args.uncertainty)
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not args.quiet:
        array = np.asarray(made.labels.array)
        voxel_ml = made.labels.geometry.voxel_volume_mm3 / 1000
        print(f"{path}: {card.full_name}, {made.labels.provenance.software}")
        for label in card.scheme.labels:
            n = int(np.count_nonzero(array == label.value))
            print(f"  {label.value} {label.name}: {n * voxel_ml:.1f} ml")
        times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in made.seconds.items())
        windows = f"{made.n_windows} window(s), " if made.n_windows else ""
        print(f"  {windows}{times}")
    return 1 if made.warnings else 0
