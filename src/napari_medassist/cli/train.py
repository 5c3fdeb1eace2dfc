"""``napari-medassist train``: a model learns from labelled cases."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.cli.progress import ProgressBar

if TYPE_CHECKING:
    from napari_medassist.app.learning.wish import LearnedFromCases


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "train",
        help="let a bundled model learn from cases that you have labelled",
        description="Let a model learn from cases that you have labelled. The one that it begins with "
        "stays as it is; the result is a model of your own, with its lineage on its card. How good it "
        "is on cases that it has not seen is estimated first, by cross-validation, beside the model "
        "that it begins with.",
        epilog="Exit code: 0 kept, 1 kept with warnings (a case was left out, or it is no better), "
        "2 nothing was kept.",
    )
    parser.add_argument(
        "cases",
        type=Path,
        metavar="CASES",
        help="a worklist, or a table (CSV) with the columns path, labels and, if wanted, case, group",
    )
    parser.add_argument(
        "--model", required=True, metavar="NAME", help="the model to begin with; see: models"
    )
    parser.add_argument(
        "--name",
        required=True,
        metavar="NAME",
        help="what the result is called; a trained model of that name gets a new version",
    )
    parser.add_argument("--reader", default="", metavar="NAME", help="of a worklist: whose readings")
    parser.add_argument(
        "--map",
        default="",
        metavar="NAME",
        help="of a worklist: which label map, if several fit",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=5,
        metavar="N",
        help="parts that are held out in turn to estimate the result; 0 for none (default: 5)",
    )
    parser.add_argument(
        "--steps", type=int, default=300, metavar="N", help="steps of learning (default: 300)"
    )
    parser.add_argument(
        "--unlabelled",
        choices=("off", "segpl", "bayesian"),
        default="off",
        help="learn from cases without labels too, by pseudo-labels: of a fixed threshold (segpl) or "
        "one that is learned (bayesian)",
    )
    parser.add_argument(
        "--device", default="", metavar="NAME", help="cpu, cuda or mps (default: the fastest here)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the random numbers (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="print warnings only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the cases, learn, and keep the result."""
    from napari_medassist.app.learning.wish import LearningWish, learn_from_list
    from napari_medassist.core.progress import silent
    from napari_medassist.models.registry import find_model

    wish = LearningWish(
        cases=args.cases,
        name=args.name,
        reader=args.reader,
        map_name=args.map,
        steps=args.steps,
        n_folds=args.folds,
        unlabelled=args.unlabelled,
        seed=args.seed,
        device=args.device,
    )
    shown = sys.stderr.isatty() and not args.quiet
    learned = learn_from_list(find_model(args.model), wish, ProgressBar() if shown else silent)
    for warning in learned.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not args.quiet:
        _print(learned)
    return 1 if learned.warnings else 0


def _print(learned: LearnedFromCases) -> None:
    print(f"{learned.card.full_name}: {learned.card.title}")
    for measured in learned.card.quality:
        print(f"  {measured.what}: {measured.value}")
    if learned.card.quality:
        print(f"  on {learned.card.quality[0].data}")
    if learned.n_unused:
        print(f"  {learned.n_unused} case(s) without labels were not used; see --unlabelled")
    print(f"  try it: napari-medassist segment PATH --model {learned.card.name} --out FILE")
