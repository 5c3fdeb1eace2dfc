"""``napari-medassist register``: align one image with another, and say whether to believe it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.cli.progress import ProgressBar

if TYPE_CHECKING:
    from napari_medassist.app.registering.aligning import Alignment, Companions, Wish
    from napari_medassist.app.registering.verdict import Thresholds
    from napari_medassist.core.progress import Progress
    from napari_medassist.core.volume import Volume

_STARTS = ("scanner", "centres", "masses", "masks", "landmarks")


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "register",
        help="align an image with another one, and judge the result",
        description="Align a moving image with a fixed one, or all diffusion images of a study with "
        "its T2w, and judge the result by a traffic light with its reasons. Neither image is changed. "
        "For research.",
        epilog="Exit code: 0 written and nothing speaks against it, 1 written and the verdict is "
        "yellow or red, 2 nothing was written.",
    )
    parser.add_argument("--fixed", type=Path, metavar="PATH", help="an image, or a study folder")
    parser.add_argument("--moving", type=Path, metavar="PATH", help="the image to be brought to it")
    parser.add_argument(
        "--study",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="align its diffusion images with its T2w; several go one after another",
    )
    for side in ("fixed", "moving"):
        parser.add_argument(
            f"--{side}-role",
            default="",
            metavar="ROLE",
            help=f"which image of a {side} study: its role or name",
        )
    parser.add_argument("--method", default="rigid", metavar="NAME", help="see --list")
    parser.add_argument("--start", choices=_STARTS, default="scanner", help="the first guess")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the results are written")
    _add_companions(parser)
    parser.add_argument("--one-way", action="store_true", help="leave out the way back: half the time")
    parser.add_argument(
        "--whole", action="store_true", help="with --study: not only the prostate and its surroundings"
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="NAME=DOUBTFUL,BAD",
        help="of the verdict, e.g. target_error_mm=2,4",
    )
    parser.add_argument("--list", action="store_true", help="list all methods")
    parser.add_argument("--quiet", action="store_true", help="print the verdict only")
    parser.set_defaults(run=run)


def _add_companions(parser: argparse.ArgumentParser) -> None:
    """Add the options for what else is known of both images."""
    for name, text in (
        ("labels", "label maps of the moving image to carry over"),
        ("fixed-labels", "the fixed image's own ones, in the same order, to compare with"),
        ("also", "further images in the moving image's space to carry over"),
    ):
        parser.add_argument(f"--{name}", type=Path, nargs="+", default=[], metavar="FILE", help=text)
    parser.add_argument(
        "--landmarks", type=Path, metavar="CSV", help="the same places in both, to measure the error"
    )
    parser.add_argument(
        "--guided",
        action="store_true",
        help="the landmarks take part in the deformation; they do not measure it then",
    )
    for side in ("fixed", "moving"):
        parser.add_argument(
            f"--{side}-mask", type=Path, metavar="FILE", help=f"label map of what counts in the {side}"
        )


def run(args: argparse.Namespace) -> int:
    """Align, write and tell the verdict."""
    from napari_medassist.app.registering.diffusion import align_diffusion
    from napari_medassist.app.registering.registry import METHODS
    from napari_medassist.app.registering.verdict import Light
    from napari_medassist.app.registering.writing import write_alignment
    from napari_medassist.core.progress import silent
    from napari_medassist.io.files import read

    if args.list:
        return _list()
    _require_complete(args)
    METHODS.get(args.method).require_installed()
    thresholds, wish = _thresholds(args.threshold), _wish(args)
    progress = ProgressBar() if sys.stderr.isatty() else silent
    notes: tuple[str, ...] = ()
    also: list[Volume] = []
    if args.study is not None and len(args.study) > 1:
        return _all_studies(args, wish, thresholds, progress)
    if args.study is not None:
        made = align_diffusion(
            read(args.study[0]),
            wish,
            around_gland=not args.whole,
            thresholds=thresholds,
            progress=progress,
        )
        alignment, notes, also = made.alignment, made.notes, list(made.moved[1:])
    else:
        alignment = _aligned(args, wish, thresholds, progress)
        also = _carried_along(args.also, alignment)
    written = write_alignment(alignment, args.out, also=also, notes=notes, thresholds=thresholds)
    _print(alignment, notes, written, is_quiet=args.quiet)
    return 0 if alignment.verdict.light is Light.GREEN else 1


def _all_studies(
    args: argparse.Namespace, wish: Wish, thresholds: Thresholds, progress: Progress
) -> int:
    """Align several studies, each into a folder of its own; print a line for each."""
    from napari_medassist.app.registering.batch import TABLE_FILE, align_studies
    from napari_medassist.app.registering.verdict import Light

    outcomes = align_studies(
        args.study,
        args.out,
        wish,
        around_gland=not args.whole,
        thresholds=thresholds,
        progress=progress,
    )
    for outcome in outcomes:
        light = outcome.light or "failed"
        print(f"{light}: {outcome.study}" + ("" if args.quiet else f": {outcome.reason}"))
    n_made = sum(outcome.light is not None for outcome in outcomes)
    print(f"{n_made} of {len(outcomes)} studies aligned: {args.out / TABLE_FILE}")
    if not n_made:
        return 2
    return 0 if all(outcome.light is Light.GREEN for outcome in outcomes) else 1


def _list() -> int:
    from napari_medassist.app.registering.registry import METHODS

    for name in METHODS.names():
        spec = METHODS.get(name)
        state = f" [needs {', '.join(spec.missing)}]" if spec.missing else ""
        print(f"{spec.name:<20} {spec.gives:<11} {spec.title}{state}")
    return 0


def _require_complete(args: argparse.Namespace) -> None:
    from napari_medassist.core.errors import InvalidSetting

    pair = (args.fixed is not None, args.moving is not None)
    if (args.study is not None) == any(pair) or (any(pair) and not all(pair)):
        raise InvalidSetting("Give --fixed and --moving, or --study.")
    if args.out is None:
        raise InvalidSetting("Give --out, the folder that the results are written to.")
    if args.fixed_labels and len(args.fixed_labels) != len(args.labels):
        raise InvalidSetting(
            f"{len(args.labels)} --labels, but {len(args.fixed_labels)} --fixed-labels.",
            cure="Give one for each, in the same order.",
        )
    given = (args.labels, args.also, args.landmarks, args.fixed_mask, args.moving_mask)
    if args.study is not None and any(given):
        raise InvalidSetting(
            "--study aligns the diffusion images by themselves.",
            cure="For labels, masks and landmarks name --fixed and --moving, with their roles.",
        )
    if args.guided and args.landmarks is None:
        raise InvalidSetting("To be guided by landmarks, give --landmarks.")
    if args.start == "landmarks" and (args.study is not None or args.landmarks is None):
        raise InvalidSetting("To begin at the landmarks, give --landmarks with three pairs or more.")


def _wish(args: argparse.Namespace) -> Wish:
    from napari_medassist.app.registering.aligning import Wish
    from napari_medassist.core.landmarks import landmark_places
    from napari_medassist.io.landmark_files import read_landmarks
    from napari_medassist.registration.start import Start, from_landmarks

    in_masks = args.fixed_mask is not None or args.moving_mask is not None
    if args.start == "landmarks":
        start = from_landmarks(*landmark_places(read_landmarks(args.landmarks)))
        return Wish(args.method, start, not args.one_way, in_masks, guided=args.guided)
    start_here = Start(args.start)
    return Wish(args.method, start_here, not args.one_way, in_masks, guided=args.guided)


def _thresholds(texts: list[str]) -> Thresholds:
    from napari_medassist.app.registering.verdict import Thresholds
    from napari_medassist.core.errors import InvalidSetting

    plain = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign:
            raise InvalidSetting(f"'{text}' is no threshold.", cure="Write NAME=DOUBTFUL,BAD.")
        plain[name] = values.split(",")
    return Thresholds.from_settings(plain)


def _aligned(
    args: argparse.Namespace, wish: Wish, thresholds: Thresholds, progress: Progress
) -> Alignment:
    from napari_medassist.app.registering.aligning import align

    fixed = _image(args.fixed, args.fixed_role, "fixed")
    moving = _image(args.moving, args.moving_role, "moving")
    companions = _companions(args, fixed, moving)
    return align(fixed, moving, wish, companions, thresholds=thresholds, progress=progress)


def _companions(args: argparse.Namespace, fixed: Volume, moving: Volume) -> Companions:
    import numpy as np

    from napari_medassist.app.registering.aligning import Companions
    from napari_medassist.io.files import read_labels
    from napari_medassist.io.landmark_files import read_landmarks

    masks = []
    for path, image in ((args.fixed_mask, fixed), (args.moving_mask, moving)):
        mask = None if path is None else read_labels(path)
        if mask is not None:
            mask.geometry.require_same_grid(image.geometry)
        masks.append(None if mask is None else np.asarray(mask.array) > 0)
    own = args.fixed_labels or [None] * len(args.labels)
    labels = tuple(
        (read_labels(path), None if reference is None else read_labels(reference))
        for path, reference in zip(args.labels, own, strict=True)
    )
    landmarks = read_landmarks(args.landmarks) if args.landmarks is not None else ()
    return Companions(labels, landmarks, masks[0], masks[1])


def _carried_along(paths: list[Path], alignment: Alignment) -> list[Volume]:
    from napari_medassist.app.registering.aligning import carried_image
    from napari_medassist.io.files import read_volume

    return [carried_image(alignment, read_volume(path)) for path in paths]


def _image(path: Path, role: str, side: str) -> Volume:
    """Return the image of a file, or the one of a study that has a role or a name."""
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.core.volume import Volume
    from napari_medassist.io.files import read

    volumes = [v for v in read(path).volumes() if isinstance(v, Volume)]
    found = [v for v in volumes if role in ("", v.role, v.name)]
    if len(found) == 1:
        return found[0]
    there = "; ".join(f"{v.role} '{v.name}'" for v in volumes) or "none"
    wanted = f" with the role or name '{role}'" if role else ""
    raise InvalidSetting(
        f"'{path}' has {len(found) or 'no'} image{'s' * (len(found) > 1)}{wanted}.",
        cure=f"Choose one with --{side}-role, by its role or name; there are: {there}.",
    )


def _print(
    alignment: Alignment, notes: tuple[str, ...], written: tuple[Path, ...], *, is_quiet: bool
) -> None:
    light = alignment.verdict.light
    print(f"{light}: {light.in_words}")
    if is_quiet:
        return
    for reason in alignment.verdict.reasons:
        print(f"  {reason.light:<6} {reason.text}")
    for note in notes:
        print(f"  {note}")
    for path in written:
        print(path)
