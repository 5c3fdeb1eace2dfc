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
from napari_medassist.cli.evaluate import (
    ALL_COMPARED,
    SOME_NOT_COMPARED,
    UNUSABLE,
    failures_of,
    labels_of_nothing,
)
from napari_medassist.cli.inspect import table
from napari_medassist.cli.part_options import refuse_part_options
from napari_medassist.cli.ranking_report import OF_CONFIDENCES, ranking_lines

if TYPE_CHECKING:
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.app.cohort.models import ModelComparison
    from napari_medassist.evaluation.conventions import Convention
    from napari_medassist.evaluation.statistics.paired import PairedComparison

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
_TITLES: tuple[str, ...] = ("", "difference", "95 % interval", "p", "cases", "left out")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two or more models with one reference, and with each other",
        description="Compare two or more models with one reference: both levels side by side, each "
        "difference with its 95 % interval over cases, and how the ranking changes with the number and "
        "with the convention. Writes models.csv, differences.csv, rankings.csv, comparison.json, "
        "convention.yaml, and the tables of each model in a folder of its name.",
        epilog="Exit code: 0 all cases compared, 1 some could not be compared, 2 nothing to compare, "
        "130 stopped.",
    )
    parser.add_argument("--reference", metavar="DIR|PATTERN")
    parser.add_argument(
        "--prediction",
        nargs="+",
        default=[],
        metavar="[NAME=]DIR|PATTERN",
        help="two or more models; without NAME the folder names the model",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="instead of both: CSV with the columns case, reference, and one of predictions for each "
        "model, named after it",
    )
    parser.add_argument(
        "--models", nargs="+", default=[], metavar="NAME", help="which columns of the manifest"
    )
    parser.add_argument(
        "--kind",
        nargs="+",
        default=[],
        metavar="[NAME=]KIND",
        help="what the predictions hold, of all models or of a single one: labels (default), "
        "probability or detection; of the latter two AP, AUROC and FROC are compared too",
    )
    parser.add_argument(
        "--conventions",
        nargs="+",
        default=[],
        metavar="all|NAME|FILE",
        help="rank the models under these conventions too; each prediction is read once",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the tables go")
    refuse_part_options(parser)
    add_convention_options(parser)
    add_running_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; return its exit code."""
    from napari_medassist.app.cohort.choice import choose_convention
    from napari_medassist.app.cohort.model_sources import kinds_of
    from napari_medassist.app.cohort.models import compare_models
    from napari_medassist.core.errors import MedAssistError

    try:
        sources = _sources(args)
        n_cases = sum(len(source.found.pairs) for source in sources.values())
        comparison = compare_models(
            sources,
            args.out,
            label=args.label,
            convention=choose_convention(args.convention, args.changes),
            running=running_of(args, n_cases=n_cases),
            kinds=kinds_of(args.kind, sources),
            under=_conventions(args.conventions),
        )
    except MedAssistError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return stopped(args)
    if not args.quiet:
        print("\n".join(_report(comparison, args.out)))
    wrong = {
        name: [*failures_of(cohort), *labels_of_nothing(cohort, args.label)]
        for name, cohort in comparison.cohorts.items()
    }
    for name, lines in wrong.items():
        if lines:
            print("\n".join([f"{name}: {lines[0]}", *lines[1:]]), file=sys.stderr)
    return SOME_NOT_COMPARED if any(wrong.values()) else ALL_COMPARED


def _sources(args: argparse.Namespace) -> dict[str, Source]:
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.app.cohort.model_sources import names_of, sources_of_manifest
    from napari_medassist.core.errors import InvalidSetting

    if args.manifest is not None and args.reference is None and not args.prediction:
        return sources_of_manifest(args.manifest, args.models)
    if args.manifest is None and args.reference is not None and args.prediction and not args.models:
        models = names_of(args.prediction)
        return {name: Source.of_places(args.reference, place) for name, place in models.items()}
    raise InvalidSetting("Give --reference and --prediction, or --manifest [and --models].")


def _conventions(names: list[str]) -> list[Convention]:
    from napari_medassist.app.cohort.choice import choose_convention
    from napari_medassist.evaluation.conventions import presets

    wanted = dict.fromkeys(n for name in names for n in (presets() if name == "all" else [name]))
    return [choose_convention(name) for name in wanted]


def _report(comparison: ModelComparison, out_dir: Path) -> list[str]:
    lines = [*table(_models(comparison)), *_over_which(comparison)]
    adjusted = comparison.adjusted_p_values
    for pair, by_number in comparison.differences.items():
        told = [(text, number) for text, _, number in _ROWS]
        told += [(text, number) for number, text in OF_CONFIDENCES.items() if number in by_number]
        rows = [_TITLES, *(_difference(text, by_number[number]) for text, number in told)]
        rows[0] = (f"{pair[0]} minus {pair[1]}", *rows[0][1:])
        if len(comparison.differences) > 1:
            holm = ["p, Holm", *(_p(adjusted[pair, number]) for _, number in told)]
            rows = [(*row, cell) for row, cell in zip(rows, holm, strict=True)]
        lines += ["", *table(rows)]
    if comparison.stability is not None:
        lines += ["", *ranking_lines(comparison.stability)]
    names = ["models.csv", "differences.csv", "rankings.csv", "comparison.json"]
    written = [name for name in names if name != "rankings.csv" or comparison.stability is not None]
    return [*lines, "", "Tables: " + ", ".join(str(out_dir / name) for name in written)]


def _models(comparison: ModelComparison) -> list[tuple[str, ...]]:
    found = comparison.models()
    by_model = [dict(zip(found.columns, values, strict=True)) for values in found.rows()]
    rows = [("", *(str(model["model"]) for model in by_model))]
    rows.append(("cases compared", *(f"{model['n_compared']}" for model in by_model)))
    rows.append(("of these, in all models", *(f"{model['n_common']}" for model in by_model)))
    # Means over different cases are no comparison: those over the cases of all models are shown.
    prefix = "common_" if by_model[0]["n_common"] else ""
    for title, name, _ in _ROWS:
        cells = (_cell(model[prefix + name], model.get(f"{prefix}n_{name}")) for model in by_model)
        rows.append((title, *cells))
    return rows


def _over_which(comparison: ModelComparison) -> list[str]:
    """Return the line that says over which cases the numbers are, where models have different ones."""
    n_cases = {len(cohort.compared) for cohort in comparison.cohorts.values()}
    n_common = comparison.n_common
    if n_cases == {n_common}:
        return []
    if not n_common:
        return ["No case was compared for all models: each column is over other cases."]
    word = "case" if n_common == 1 else "cases"
    return [f"Numbers are over the {n_common} {word} of all models; over all own cases: models.csv."]


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
        _p(found.p_value),
        str(found.n_cases),
        str(found.n_dropped),
    )


def _p(value: float) -> str:
    return f"{value:.2g}" if value == value else "undefined"  # NaN differs from itself
