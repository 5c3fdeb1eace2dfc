"""``napari-medassist compare``: two or more models against one reference."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_medassist.cli.cohort_options import (
    add_convention_options,
    add_running_options,
    running_of,
    stopped,
)
from napari_medassist.cli.evaluate import ALL_COMPARED, SOME_NOT_COMPARED, UNUSABLE, failures_of
from napari_medassist.cli.inspect import table

if TYPE_CHECKING:
    from napari_medassist.app.cohort.models import ModelComparison
    from napari_medassist.evaluation.paired import PairedComparison

#: Rows of the printed tables: title, name in ``models.csv`` and in ``differences.csv``.
_ROWS = (
    ("Dice", "dice", "mean dice"),
    ("HD95, mm", "hd95_mm", "mean hd95_mm"),
    ("ASSD, mm", "assd_mm", "mean assd_mm"),
    ("lesion recall", "micro_recall", "micro_recall"),
    ("lesion precision", "micro_precision", "micro_precision"),
    ("lesion F1", "micro_f1", "micro_f1"),
    ("false lesions per case", "fp_per_case", "fp_per_case"),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two or more models with one reference, and with each other",
        description="Compare two or more models with one reference: both levels side by side, and "
        "each difference with its 95 % interval over cases. Writes models.csv, differences.csv, "
        "comparison.json, convention.yaml, and the tables of each model in a folder of its name.",
        epilog="Exit code: 0 all cases compared, 1 some could not be compared, 2 nothing to compare, "
        "130 stopped.",
    )
    parser.add_argument("--reference", required=True, metavar="DIR|PATTERN")
    parser.add_argument(
        "--prediction",
        required=True,
        nargs="+",
        metavar="[NAME=]DIR|PATTERN",
        help="two or more models; without NAME the folder names the model",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the tables go")
    add_convention_options(parser)
    add_running_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; return its exit code."""
    from napari_medassist.app.cohort.choice import choose_convention
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.app.cohort.models import compare_models, names_of
    from napari_medassist.core.errors import MedAssistError

    try:
        models = names_of(args.prediction)
        sources = {name: Source.of_places(args.reference, place) for name, place in models.items()}
        n_cases = sum(len(source.found.pairs) for source in sources.values())
        comparison = compare_models(
            sources,
            args.out,
            label=args.label,
            convention=choose_convention(args.convention, args.changes),
            running=running_of(args, n_cases=n_cases),
        )
    except MedAssistError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return stopped(args)
    if not args.quiet:
        print("\n".join(_report(comparison, args.out)))
    failures = {name: failures_of(cohort) for name, cohort in comparison.cohorts.items()}
    for name, lines in failures.items():
        if lines:
            print("\n".join([f"{name}: {lines[0]}", *lines[1:]]), file=sys.stderr)
    return SOME_NOT_COMPARED if any(failures.values()) else ALL_COMPARED


def _report(comparison: ModelComparison, out_dir: Path) -> list[str]:
    lines = table(_models(comparison))
    for (first, second), by_metric in comparison.differences.items():
        title = (f"{first} minus {second}", "difference", "95 % interval", "p", "cases", "left out")
        rows = [_difference(title, by_metric[metric]) for title, _, metric in _ROWS]
        lines += ["", *table([title, *rows])]
    names = ("models.csv", "differences.csv", "comparison.json")
    return [*lines, "", "Tables: " + ", ".join(str(out_dir / name) for name in names)]


def _models(comparison: ModelComparison) -> list[tuple[str, ...]]:
    found = comparison.models()
    by_model = [dict(zip(found.columns, values, strict=True)) for values in found.rows()]
    rows = [("", *(str(model["model"]) for model in by_model))]
    rows.append(("cases compared", *(f"{model['n_compared']}" for model in by_model)))
    for title, name, _ in _ROWS:
        counted = f"n_{name}"
        cells = (_cell(model[name], model.get(counted)) for model in by_model)
        rows.append((title, *cells))
    return rows


def _cell(value: object, n_defined: object) -> str:
    of = "" if n_defined is None else f" (n {n_defined})"
    return f"{_number(value)}{of}"


def _number(value: object) -> str:
    defined = isinstance(value, float) and value == value  # NaN differs from itself
    return f"{value:.3f}" if defined else "undefined"


def _difference(title: str, found: PairedComparison) -> tuple[str, ...]:
    interval = found.difference
    return (
        title,
        f"{interval.value:+.3f}" if interval.value == interval.value else "undefined",
        f"{_number(interval.low)} to {_number(interval.high)}",
        f"{found.p_value:.2g}" if found.p_value == found.p_value else "undefined",
        str(found.n_cases),
        str(found.n_dropped),
    )
