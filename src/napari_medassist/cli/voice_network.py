"""``napari-medassist voice train`` and ``voice evaluate``: labels of frames from picture and word."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.cli.progress import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_medassist.voice.two_branch.judging import Judged
    from napari_medassist.voice.two_branch.samples import Sample

_TABLE = "CSV with the columns image, sound, label, group; files are named from its folder"


def add_train(acts: Any) -> None:
    """Add ``voice train``."""
    train = acts.add_parser(
        "train",
        help="teach a network to label frames from picture and spoken name",
        description="Teach a network with a branch for the picture and one for what was said of it. It "
        "works with one of both alone, too. For research.",
        epilog="Exit code: 0 written, 2 nothing was written.",
    )
    train.add_argument("samples", type=Path, metavar="TABLE", help=_TABLE)
    train.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the network to write; beside it its card, FILE.md",
    )
    train.add_argument(
        "--leave-one-out",
        action="store_true",
        help="judge by each group (speaker, patient) a network that has learned from the others first",
    )
    train.add_argument("--json", type=Path, metavar="FILE", help="write these figures")
    train.add_argument(
        "--about",
        default="",
        metavar="TEXT",
        help="where the samples come from, for the network's card",
    )
    train.add_argument("--epochs", type=int, default=30, metavar="N", help="default: 30")
    train.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    train.set_defaults(run=run_train)


def add_evaluate(acts: Any) -> None:
    """Add ``voice evaluate``."""
    evaluate = acts.add_parser(
        "evaluate",
        help="judge such a network",
        description="Judge a network by samples that it has not learned from: given both inputs, the "
        "sound alone, the picture alone.",
        epilog="Exit code: 0 judged, 2 not.",
    )
    evaluate.add_argument("samples", type=Path, metavar="TABLE", help=_TABLE)
    evaluate.add_argument(
        "--network", type=Path, required=True, metavar="FILE", help="what `voice train` wrote"
    )
    evaluate.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FILE",
        help="judge the recogniser of comments beside it: labels and their synonyms",
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    evaluate.set_defaults(run=run_evaluate)


def run_train(args: argparse.Namespace) -> int:
    """Learn, and write the network."""
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.voice.extra import require_torch
    from napari_medassist.voice.two_branch.samples import prepared, read_samples

    if args.epochs < 1:
        raise InvalidSetting("It cannot learn in no epoch.", cure="Give --epochs 1 or more.")
    require_torch()
    samples = read_samples(args.samples)
    groups = sorted({one.group for one in samples})
    if args.leave_one_out and len(groups) < 2:
        raise InvalidSetting(
            "All samples are of one group: nothing is left to learn from without it.",
            cure="Name groups in the table, or leave out --leave-one-out.",
        )
    from napari_medassist.voice.two_branch.card import card_path, card_text
    from napari_medassist.voice.two_branch.comparing import leave_one_out
    from napari_medassist.voice.two_branch.learning import Wish, learn, save

    wish = Wish(n_epochs=args.epochs, seed=args.seed)
    progress = ProgressBar()
    ready = prepared(samples, progress=progress)
    figures: dict[str, Any] = {}
    by_group: Mapping[str, dict[str, Judged]] = {}
    total: dict[str, Judged] = {}
    if args.leave_one_out:
        by_group, total = leave_one_out(ready, lambda part: learn(part, wish, progress))
        figures = {
            **_plain(total),
            "by_group": {group: _plain(found) for group, found in by_group.items()},
        }
        _tell(total)
        for group, found in by_group.items():
            shares = ", ".join(f"{way} {one.accuracy:.1%}" for way, one in found.items())
            print(f"{group}: {shares}")
    labeller = learn(ready, wish, progress)
    about = {"n_samples": len(samples), "groups": groups, "epochs": args.epochs, "seed": args.seed}
    save(labeller, args.out, about)
    settings = {"epochs": wish.n_epochs, "seed": wish.seed}
    card = card_text(args.out.name, args.about, samples, settings, by_group, total)
    _write_text(card_path(args.out), card)
    _write(args.json, figures)
    print(f"{args.out}: {len(labeller.names)} labels from {len(samples)} samples")
    return 0


def run_evaluate(args: argparse.Namespace) -> int:
    """Judge a network, and the recogniser if that is wanted."""
    from napari_medassist.voice.extra import require_torch
    from napari_medassist.voice.two_branch.samples import prepared, read_samples

    require_torch()
    samples = read_samples(args.samples)
    from napari_medassist.voice.two_branch.comparing import RECOGNISER, compare_inputs
    from napari_medassist.voice.two_branch.learning import load

    labeller, about = load(args.network)
    shared = sorted(set(about.get("groups", ())) & {one.group for one in samples})
    if shared:
        told = f"it has learned from the groups {', '.join(shared)}: their samples are no test"
        print(f"warning: {told}", file=sys.stderr)
    found = compare_inputs(labeller, prepared(samples, labeller.names, ProgressBar()))
    if args.vocabulary is not None:
        found[RECOGNISER] = _recogniser(args.vocabulary, samples, labeller.names)
    _tell(found)
    _write(args.json, _plain(found))
    return 0


def _recogniser(path: Path, samples: tuple[Sample, ...], names: tuple[str, ...]) -> Judged:
    from napari_medassist.voice.extra import require_installed
    from napari_medassist.voice.labels import read_labels
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
    from napari_medassist.voice.two_branch.comparing import judge_recogniser

    require_installed()
    vocabulary = read_labels(path)
    recogniser = WhisperRecogniser(vocabulary.phrases)
    return judge_recogniser(recogniser, vocabulary, samples, names, ProgressBar())


def _tell(found: Mapping[str, Judged]) -> None:
    from napari_medassist.voice.two_branch.judging import in_words

    for name, one in found.items():
        print(f"{name}: {in_words(one)}")


def _plain(found: Mapping[str, Judged]) -> dict[str, Any]:
    return {name: one.to_plain() for name, one in found.items()}


def _write(path: Path | None, plain: Mapping[str, Any]) -> None:
    if path is not None:
        _write_text(path, json.dumps(plain, indent=1))


def _write_text(path: Path, text: str) -> None:
    from napari_medassist.io.atomic import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
