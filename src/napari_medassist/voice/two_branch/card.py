"""What is told beside a network that was trained: what it learned from, and how often it was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path

from napari_medassist.voice.two_branch.judging import Judged
from napari_medassist.voice.two_branch.samples import Sample

_NOT_TOLD = "Not told. Say it with `--about`: without it nobody can tell what the figures are worth."
_NOT_JUDGED = """\
**It was not judged.** Train with `--leave-one-out`, or run `voice evaluate` with samples of other
speakers or patients, before its labels are used for anything."""
_JUDGED = """\
By {n} groups, each judged by a network that has not learned from it. The network in the file learned
from all of them, and was not judged itself."""
_CARD = """\
# {name}: labels of frames from picture and spoken name

For research, not for diagnosis. A network with two branches of `napari-medassist voice train`.

## Where its samples come from

{about}

{counts}

How it learned: {settings}.

## How often it was right

{figures}

## What it cannot do

- It names one of the labels above whatever it sees and hears: a frame that shows none of them gets one
  all the same.
- Devices, presets, speakers and languages other than those of its samples were not tried.
- Where labels were given from the same spoken names, the figures of the sound are too good.
"""


def card_path(network: Path) -> Path:
    """Return where the card of a network lies: beside it."""
    return network.with_name(f"{network.name}.md")


def card_text(
    name: str,
    about: str,
    samples: Sequence[Sample],
    settings: Mapping[str, object],
    by_group: Mapping[str, Mapping[str, Judged]],
    total: Mapping[str, Judged],
) -> str:
    """Return a model card (Markdown).

    Parameters
    ----------
    name
        Of the network's file.
    about
        Where frames and sounds come from; may be empty, which the card says.
    samples
        What it learned from.
    settings
        How it learned.
    by_group, total
        Figures by inputs given, of networks that had not learned from the group; may be empty.
    """
    return _CARD.format(
        name=name,
        about=about.strip() or _NOT_TOLD,
        counts="\n".join(_counts(samples)),
        settings=", ".join(f"{key} {value}" for key, value in settings.items()),
        figures="\n".join(_figures(by_group, total)) if total else _NOT_JUDGED,
    )


def _counts(samples: Sequence[Sample]) -> list[str]:
    groups = sorted({one.group for one in samples})
    counts = Counter((one.label, one.group) for one in samples)
    n_silent = sum(one.sound is None for one in samples)
    rows = [
        (label, *(str(counts[label, group]) for group in groups))
        for label in sorted({one.label for one in samples})
    ]
    told = f"{len(samples)} frames, {n_silent} of them without a sound, by label and group:"
    return [told, "", *_table(("label", *groups), rows)]


def _figures(by_group: Mapping[str, Mapping[str, Judged]], total: Mapping[str, Judged]) -> list[str]:
    ways, names = list(total), next(iter(total.values())).names
    lines = [_JUDGED.format(n=len(by_group)), ""]
    rows = []
    for way, one in total.items():
        low, high = one.interval_95
        recall = [_share(one.recall()[name]) for name in names]
        rows.append((way, f"{_share(one.accuracy)} ({_share(low)} to {_share(high)})", *recall))
    lines += [*_table(("given", "right (95 % interval)", *(f"of {name}" for name in names)), rows), ""]
    rows = [
        (group, *(_share(found[way].accuracy) for way in ways)) for group, found in by_group.items()
    ]
    lines += [*_table(("group", *ways), rows), ""]
    for way, one in total.items():
        cells = [
            (name, *map(str, row)) for name, row in zip(names, one.confusion.tolist(), strict=True)
        ]
        lines += [f"Taken for, given {way}:", "", *_table(("true label", *names, "none"), cells), ""]
    return lines[:-1]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _share(value: float) -> str:
    return "undefined" if isnan(value) else f"{value:.1%}"
