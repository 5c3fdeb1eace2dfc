"""``napari-medassist segment``: run a model on a file or a study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.cli.progress import ProgressBar

if TYPE_CHECKING:
    from napari_medassist.models.prediction import Prediction


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "segment",
        help="segment an image or a study with a model",
        description="Segment an image or a study with a model. The label map lies on the grid of the "
        "model's first image. For research; look at the result before you use it.",
        epilog="Exit code: 0 written, 1 written with warnings (or some of several not), 2 nothing was "
        "written.",
    )
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="an image file, or a study folder"
    )
    parser.add_argument("--model", required=True, metavar="NAME", help="see: napari-medassist models")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the label map to write; for several paths, a folder for NAME.nii.gz of each",
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
    parser.add_argument(
        "--probability",
        type=Path,
        metavar="FILE",
        help="of a model that looks for lesions: write their probability as an image, for `evaluate`",
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
    """Read, segment and write one case, or one after another."""
    from napari_medassist.core.errors import Cancelled, MedAssistError
    from napari_medassist.models.registry import find_model

    find_model(args.model)  # before anything is read
    if len(args.paths) == 1 and not args.out.is_dir():
        return _segment(args, args.paths[0], args.out)
    outs = _places(args)
    codes = []
    for path, out in zip(args.paths, outs, strict=True):
        try:
            codes.append(_segment(args, path, out))
        except Cancelled:
            raise
        except MedAssistError as error:
            print(f"{path}: {error}", file=sys.stderr)
            codes.append(2)
    n_failed = codes.count(2)
    if n_failed:
        print(f"{n_failed} of {len(codes)} could not be segmented", file=sys.stderr)
    return 2 if n_failed == len(codes) else int(any(codes))


def _places(args: argparse.Namespace) -> list[Path]:
    """Return where the label maps of several cases are written, in a folder that is made."""
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.io.files import case_name

    for option, path in (("uncertainty", args.uncertainty), ("probability", args.probability)):
        if path is not None:
            raise InvalidSetting(f"--{option} names one file: segment one case at a time with it.")
    if args.out.suffix and not args.out.is_dir():
        raise InvalidSetting(
            f"--out is '{args.out}', a file, for {len(args.paths)} cases.", cure="Name a folder."
        )
    names = [case_name(path) for path in args.paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidSetting(
            f"Several cases are called {', '.join(twice)}.", cure="Segment them apart."
        )
    args.out.mkdir(parents=True, exist_ok=True)
    return [args.out / f"{name}.nii.gz" for name in names]


def _segment(args: argparse.Namespace, path: Path, out: Path) -> int:
    from napari_medassist.app.exchange import save
    from napari_medassist.app.segmenting import segment
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.core.progress import silent
    from napari_medassist.io.files import read
    from napari_medassist.io.map_files import require_map_name, write_map
    from napari_medassist.models.card import Task
    from napari_medassist.models.registry import find_model

    for wanted in (args.uncertainty, args.probability):
        if wanted is not None:
            require_map_name(wanted)
    if args.probability is not None and find_model(args.model).task is not Task.DETECTION:
        raise InvalidSetting(
            f"'{args.model}' looks for no lesions: there is no probability of them to write.",
            cure="Leave out --probability, or choose another model.",
        )
    case = read(path)
    volumes = tuple(case.volumes())
    made = segment(
        case,
        args.model,
        preferred=volumes if len(volumes) == 1 and path.is_file() else (),
        backend=args.backend,
        n_threads=args.threads,
        doubting=args.uncertainty is not None,
        progress=ProgressBar() if sys.stderr.isatty() else silent,
    )
    written = save(made.labels, out, case)
    if made.uncertainty is not None:
        write_map(made.uncertainty, args.uncertainty)
    if made.lesion_probability is not None and args.probability is not None:
        write_map(made.lesion_probability, args.probability)
    for warning in made.warnings:
        print(f"warning: {path.name}: {warning}", file=sys.stderr)
    if not args.quiet:
        _print(made, written)
    return 1 if made.warnings else 0


def _print(made: Prediction, written: Path) -> None:
    import numpy as np

    array = np.asarray(made.labels.array)
    voxel_ml = made.labels.geometry.voxel_volume_mm3 / 1000
    digits = 1 if made.confidences is None else 2  # lesions are small
    print(f"{written}: {made.labels.provenance.made_by}, {made.labels.provenance.software}")
    if made.confidences == ():
        print("  no lesion is suggested")
    for label in made.labels.scheme.labels:
        n = int(np.count_nonzero(array == label.value))
        print(f"  {label.value} {label.name}: {n * voxel_ml:.{digits}f} ml")
    times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in made.seconds.items())
    windows = f"{made.n_windows} window(s), " if made.n_windows else ""
    print(f"  {windows}{times}")
