"""Options that divide cases into zones and labels, and what is told of these at the end."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from napari_medassist.core.results import CaseEvaluation, Status, ZoneStatus

if TYPE_CHECKING:
    from napari_medassist.app.cohort.division import Division
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.core.labels import LabelScheme
    from napari_medassist.core.results import CohortEvaluation, PartSummary

_MAX_PARTS_SHOWN, _MAX_CASES_SHOWN = 20, 10
_PART_OPTIONS = ("--zones", "--zone-scheme", "--scheme", "--per-label")


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that divide cases."""
    parser.add_argument(
        "--zones",
        metavar="FILE|DIR|PATTERN",
        help="zone maps on the same grids: each zone is judged too, which gives regions.csv; found by "
        "the names of the cases, or one file for all",
    )
    parser.add_argument(
        "--zone-scheme",
        type=Path,
        metavar="FILE",
        help="names of the zones: YAML, one line 'value: name' a zone",
    )
    parser.add_argument(
        "--scheme",
        type=Path,
        metavar="FILE",
        help="names of the labels, written alike; values that it does not list are told, and --label "
        "takes its names",
    )
    parser.add_argument(
        "--per-label",
        action="store_true",
        help="compare each label of the scheme by itself too, which gives labels.csv",
    )


def refuse_part_options(parser: argparse.ArgumentParser) -> None:
    """Let a command that does not divide cases say which one does."""
    for option in _PART_OPTIONS:
        parser.add_argument(option, nargs="*", action=_OfEvaluate, help=argparse.SUPPRESS)


class _OfEvaluate(argparse.Action):
    """An option that only ``evaluate`` has."""

    def __call__(self, parser: argparse.ArgumentParser, *_given: object) -> NoReturn:
        """End the program with a message that says where the option belongs."""
        option = _given[-1]
        parser.error(f"only 'evaluate' has the option {option}; give it there, for each model apart.")


def division_of(args: argparse.Namespace, source: Source) -> Division:
    """Return into which parts the cases are to be divided.

    Raises
    ------
    FileProblem
        If a scheme cannot be read.
    InvalidSetting
        If labels are to be compared one by one and there is no scheme.
    """
    from napari_medassist.app.cohort.division import Division
    from napari_medassist.io.label_scheme import read_label_scheme

    return Division(
        zones=args.zones is not None or source.has_zones,
        zone_scheme=args.zone_scheme and read_label_scheme(args.zone_scheme),
        scheme=args.scheme and read_label_scheme(args.scheme),
        per_label=args.per_label,
    )


def chosen_labels(
    chosen: Sequence[int | str] | None, scheme: LabelScheme | None
) -> tuple[int, ...] | None:
    """Return the values of the chosen labels; names are looked up in the scheme.

    Raises
    ------
    UnknownItem
        If the scheme has no label of a name.
    InvalidSetting
        If there is a name and no scheme.
    """
    if chosen is None:
        return None
    return tuple(c if isinstance(c, int) else _value_of(c, scheme) for c in chosen)


def _value_of(name: str, scheme: LabelScheme | None) -> int:
    from napari_medassist.core.errors import InvalidSetting, UnknownItem

    if scheme is None:
        raise InvalidSetting(
            f"Labels are whole numbers from 1 on, not '{name}'.",
            cure="Give a label scheme (--scheme) to choose labels by their names.",
        )
    for label in scheme.labels:
        if label.name.casefold() == name.casefold():
            return label.value
    known = ", ".join(label.name for label in scheme.labels)
    raise UnknownItem(f"The scheme has no label called '{name}'.", cure=f"It has: {known}.")


def part_report(cohort: CohortEvaluation) -> list[str]:
    """Return the lines that sum up zones and labels; none without any."""
    return [
        *_table("By zone (lesions counted where most of them lies)", cohort.regions, "regions.csv"),
        *_table("By label (each by itself)", cohort.labels, "labels.csv"),
    ]


def remarks_of(cohort: CohortEvaluation) -> list[str]:
    """Return the lines that say which zone maps could not be used, and which values no scheme lists."""
    without: list[CaseEvaluation] = []
    unlisted: list[CaseEvaluation] = []
    for case in cohort.cases:
        if case.status is Status.OK and case.zone_status not in (None, ZoneStatus.OK):
            without.append(case)
        if case.unlisted_labels:
            unlisted.append(case)
    kinds = Counter(str(case.zone_status) for case in without)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    values = sorted({value for case in unlisted for value in case.unlisted_labels})
    return [
        *_told(without, f"without a zone map that can be used ({counted}):"),
        *_told(unlisted, f"with values that the scheme does not list ({', '.join(map(str, values))}):"),
    ]


def _told(cases: Sequence[CaseEvaluation], what: str) -> list[str]:
    if not cases:
        return []
    lines = [f"  {case.case}: {case.message}" for case in cases[:_MAX_CASES_SHOWN]]
    if len(cases) > len(lines):
        lines.append(f"  ... and {len(cases) - len(lines)} more, see cases.csv")
    return [f"{len(cases)} {'case' if len(cases) == 1 else 'cases'} {what}", *lines]


def _table(title: str, parts: Sequence[PartSummary], file: str) -> list[str]:
    if not parts:
        return []
    shown = parts[:_MAX_PARTS_SHOWN]
    width = max(len(part.name) for part in shown)
    lines = [f"  {part.name:<{width}}  {_line(part)}" for part in shown]
    if len(parts) > len(shown):
        lines.append(f"  ... and {len(parts) - len(shown)} more, see {file}")
    return ["", title, *lines]


def _line(part: PartSummary) -> str:
    dice = part.means.get("dice")
    mean = f"{dice.value:.3f} (n {dice.n_defined})" if dice and dice.n_defined else "undefined"
    t, word = part.totals, "case " if part.n_cases == 1 else "cases"
    return (
        f"{part.n_cases:>5} {word}   Dice {mean:<15} {t.tp_reference} found, {t.fn} missed, "
        f"{t.tp_prediction} true, {t.fp} false"
    )
