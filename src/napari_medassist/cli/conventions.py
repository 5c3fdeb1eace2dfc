"""``napari-medassist conventions``: list them, show one, and see how much they change the numbers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_medassist.cli.cohort_options import (
    add_label_option,
    add_running_options,
    running_of,
    stopped,
)
from napari_medassist.cli.evaluate import (
    ALL_COMPARED,
    SOME_NOT_COMPARED,
    UNUSABLE,
    labels_of_nothing,
)
from napari_medassist.cli.inspect import table
from napari_medassist.cli.part_options import refuse_part_options

if TYPE_CHECKING:
    from napari_medassist.core.results import CohortEvaluation

_MAX_FAILURES_SHOWN = 10

#: Columns of the printed table: title, name in ``conventions.csv``.
_COLUMNS = (
    ("convention", "convention"),
    ("cases", "n_compared"),
    ("Dice", "dice"),
    ("(n)", "n_dice"),
    ("HD95", "hd95_mm"),
    ("(n)", "n_hd95_mm"),
    ("ref.", "n_reference_lesions"),
    ("pred.", "n_predicted_lesions"),
    ("found", "tp_reference"),
    ("missed", "fn"),
    ("true", "tp_prediction"),
    ("false", "fp"),
    ("recall", "micro_recall"),
    ("precision", "micro_precision"),
    ("F1", "micro_f1"),
)
#: Those of predictions with confidences.
_OF_CONFIDENCES = (("AP", "average_precision"), ("AUROC", "auroc"))


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its own ones to the parser of the program."""
    parser = subparsers.add_parser(
        "conventions",
        help="list the conventions of metrics, show one, or see how much they change the numbers",
        description="The choices behind the numbers: what a lesion is, what counts as a hit, what a "
        "border is, what empty masks mean.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="name all presets").set_defaults(run=run_list)
    show = actions.add_parser("show", help="print all settings as YAML, to be changed and used")
    show.add_argument("name", metavar="NAME|FILE")
    show.set_defaults(run=run_show)
    sensitivity = actions.add_parser(
        "sensitivity",
        help="compare a cohort under each convention; one table of the headline numbers",
        epilog="Exit code: 0 all cases compared, 1 some could not be compared under some convention, "
        "2 nothing to compare, 130 stopped.",
    )
    sensitivity.add_argument("--reference", required=True, metavar="FILE|DIR|PATTERN")
    sensitivity.add_argument("--prediction", required=True, metavar="FILE|DIR|PATTERN")
    sensitivity.add_argument(
        "--convention", nargs="+", metavar="NAME|FILE", help="which conventions (default: all presets)"
    )
    sensitivity.add_argument(
        "--kind",
        choices=("labels", "probability", "detection"),
        default="labels",
        help="what the predictions hold; of the latter two AP and AUROC are told too "
        "(default: %(default)s)",
    )
    sensitivity.add_argument(
        "--out", type=Path, metavar="DIR", help="write the whole table there, as conventions.csv"
    )
    refuse_part_options(sensitivity)
    add_label_option(sensitivity)
    add_running_options(sensitivity)
    sensitivity.set_defaults(run=run_sensitivity)


def run_list(_args: argparse.Namespace) -> int:
    """Print the names of all presets with what each is for."""
    from napari_medassist.evaluation.conventions import presets

    width = max(len(name) for name in presets())
    for name, convention in presets().items():
        print(f"{name:<{width}}  {' '.join(convention.description.split())}")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print a convention as YAML."""
    from napari_medassist.app.cohort.choice import choose_convention

    print(choose_convention(args.name).to_yaml(), end="")
    return 0


def run_sensitivity(args: argparse.Namespace) -> int:
    """Compare one cohort under several conventions and print how far the numbers move."""
    from napari_medassist.app.cohort.choice import choose_convention
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.app.cohort.output import writable_folder, write_csv
    from napari_medassist.app.cohort.run import evaluate_under
    from napari_medassist.app.cohort.sensitivity import sensitivity_of
    from napari_medassist.core.errors import MedAssistError
    from napari_medassist.evaluation.conventions import presets

    try:
        conventions = [choose_convention(name) for name in args.convention or presets()]
        pairs = Source.of_places(args.reference, args.prediction).found.pairs
        folder = writable_folder(args.out.expanduser()) if args.out else None
        running = running_of(args, n_cases=len(pairs) * len(conventions))
        cohorts = evaluate_under(conventions, pairs, label=args.label, kind=args.kind, running=running)
        if folder is not None:
            write_csv(folder / "conventions.csv", sensitivity_of(cohorts))
    except MedAssistError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return stopped(args)
    if not args.quiet:
        print("\n".join(_report(cohorts)))
        if folder is not None:
            print(f"\nTable: {args.out / 'conventions.csv'}")
    absent = labels_of_nothing(cohorts[0], args.label)
    if absent:
        print("\n".join(absent), file=sys.stderr)
    return max(_told_failures(cohorts), SOME_NOT_COMPARED if absent else ALL_COMPARED)


def _report(cohorts: tuple[CohortEvaluation, ...]) -> list[str]:
    from napari_medassist.app.cohort.sensitivity import sensitivity_of

    found = sensitivity_of(cohorts)
    by_name = [dict(zip(found.columns, values, strict=True)) for values in found.rows()]
    has_confidences = any(row["average_precision"] is not None for row in by_name)
    columns = (*_COLUMNS, *(_OF_CONFIDENCES if has_confidences else ()))
    rows = [tuple(_cell(row[name]) for _, name in columns) for row in by_name]
    return table([tuple(title for title, _ in columns), *rows])


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN differs from itself
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _told_failures(cohorts: tuple[CohortEvaluation, ...]) -> int:
    """Say which cases could not be compared, and under which conventions; return the exit code."""
    failed: dict[tuple[str, ...], list[str]] = {}
    for cohort in cohorts:
        lines = tuple(f"  {c.case}: {c.message}" for c in cohort.cases if c.status != "ok")
        failed.setdefault(lines, []).append(str(cohort.convention["name"]))
    for lines, names in failed.items():
        if lines:
            under = "any convention" if len(names) == len(cohorts) else ", ".join(names)
            print(f"Not compared under {under}: {len(lines)} of the cases", file=sys.stderr)
            print("\n".join(lines[:_MAX_FAILURES_SHOWN]), file=sys.stderr)
    return SOME_NOT_COMPARED if any(failed) else ALL_COMPARED
