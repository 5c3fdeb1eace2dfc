"""``napari-medassist evaluate``: compare label maps and write the tables."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_medassist.cli.cohort_options import (
    add_convention_options,
    add_running_options,
    running_of,
    stopped,
)
from napari_medassist.cli.part_options import (
    add_part_options,
    chosen_labels,
    division_of,
    part_report,
    remarks_of,
)
from napari_medassist.core.results import Status
from napari_medassist.evaluation.rules import CONNECTIVITIES

if TYPE_CHECKING:
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.core.results import CohortEvaluation, Mean
    from napari_medassist.evaluation.conventions import Convention

#: Exit codes: all cases compared; some were not; the arguments cannot be used.
ALL_COMPARED, SOME_NOT_COMPARED, UNUSABLE = 0, 1, 2

_MAX_FAILURES_SHOWN = 10


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "evaluate",
        help="compare label maps: Dice and distances beside lesions found, missed and false",
        description="Compare predicted label maps with reference label maps, voxel by voxel and "
        "lesion by lesion. Writes cases.csv, lesions.csv, matches.csv, summary.json and "
        "convention.yaml. A run that was stopped goes on where it was when it is started again.",
        epilog="Exit code: 0 all cases compared, 1 some could not be compared, or not as asked for, "
        "2 nothing to compare, 130 stopped.",
    )
    parser.add_argument("--reference", metavar="FILE|DIR|PATTERN", help="label maps of the reference")
    parser.add_argument(
        "--prediction",
        metavar="FILE|DIR|PATTERN",
        help="label maps to be compared with them; in two folders, files of one name belong together, "
        "with patterns (quoted) what stands for the wildcards names the case",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="instead of both: CSV with the columns case, reference, prediction[, zones][, group]",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the tables go")
    add_convention_options(parser)
    _add_short_settings(parser)
    add_part_options(parser)
    parser.add_argument(
        "--kind",
        choices=("labels", "probability", "detection"),
        default="labels",
        help="what the predictions hold: labels, probabilities from 0 to 1, or detections with one "
        "confidence each; the latter two give curves.csv too (default: %(default)s)",
    )
    parser.add_argument(
        "--sweep",
        nargs="?",
        type=float,
        const=0.01,
        metavar="STEP",
        help="of probability maps: count lesions at every cut-off from STEP to 1 too, which gives "
        "sweep.csv (STEP: %(const)s)",
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        default=(),
        metavar="NAME",
        help="further metrics for cases.csv and summary.json, or 'all'",
    )
    parser.add_argument("--parquet", action="store_true", help="write the tables as Parquet too")
    add_running_options(parser)
    parser.set_defaults(run=run)


def _add_short_settings(parser: argparse.ArgumentParser) -> None:
    """Add the settings that are changed most, by short names."""
    parser.add_argument(
        "--tolerance-mm",
        metavar="MM",
        help="how far the corners of two grids may lie apart (convention medassist: 0.5)",
    )
    parser.add_argument(
        "--overlap",
        metavar="SHARE",
        help="share of a lesion that must be covered for it to count, on either side "
        "(convention medassist: 0.1)",
    )
    parser.add_argument(
        "--connectivity",
        type=int,
        choices=CONNECTIVITIES,
        help="neighbours that hold a lesion together (convention medassist: 26)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; return its exit code."""
    from napari_medassist.app.cohort.files import evaluate_source
    from napari_medassist.app.cohort.swept import cut_offs_by
    from napari_medassist.core.errors import MedAssistError

    try:
        source = _source(args)
        division = division_of(args, source)
        labels = chosen_labels(args.label, division.scheme)
        cohort = evaluate_source(
            source,
            args.out,
            label=labels,
            convention=_convention(args),
            running=running_of(args, n_cases=len(source.found.pairs)),
            kind=args.kind,
            metrics=args.metrics,
            parquet=args.parquet,
            cut_offs=cut_offs_by(args.sweep) if args.sweep is not None else (),
            division=division,
        )
    except MedAssistError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return stopped(args)
    if not args.quiet:
        print("\n".join(_report(cohort, args.out)))
    wrong = [*failures_of(cohort), *remarks_of(cohort), *labels_of_nothing(cohort, labels)]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return SOME_NOT_COMPARED if wrong else ALL_COMPARED


def labels_of_nothing(cohort: CohortEvaluation, labels: Sequence[int] | None) -> list[str]:
    """Return the line that names the labels that were asked for and that no file holds."""
    from napari_medassist.app.cohort.labels_held import absent_labels

    absent = absent_labels(cohort, labels)
    return [f"No compared file holds a label {' or '.join(map(str, absent))}."] if absent else []


def _source(args: argparse.Namespace) -> Source:
    from napari_medassist.app.cohort.files import Source
    from napari_medassist.core.errors import InvalidSetting

    places = args.reference, args.prediction
    if args.manifest is not None and places == (None, None):
        source = Source.of_manifest(args.manifest)
        return source if args.zones is None else source.with_zones(args.zones)
    if args.manifest is None and None not in places:
        return Source.of_places(*places, args.zones)
    raise InvalidSetting("Give --reference and --prediction, or --manifest.")


def _convention(args: argparse.Namespace) -> Convention:
    from napari_medassist.app.cohort.choice import choose_convention

    short = {
        "grid_tolerance_mm": args.tolerance_mm,
        "matching.threshold_reference": args.overlap,
        "matching.threshold_prediction": args.overlap,
        "extraction.connectivity": args.connectivity,
    }
    given = [f"{setting}={value}" for setting, value in short.items() if value is not None]
    return choose_convention(args.convention, [*given, *args.changes])


def _report(cohort: CohortEvaluation, out_dir: Path) -> list[str]:
    voxel, lesion = _voxel_column(cohort), _lesion_column(cohort)
    height = max(len(voxel), len(lesion))
    left = [*voxel, *[""] * (height - len(voxel))]
    right = [*lesion, *[""] * (height - len(lesion))]
    width = max(len(line) for line in left) + 4
    return [
        f"{_count(len(cohort.cases), 'case')}, {cohort.n_by_status[Status.OK]} compared",
        "",
        *(f"{a:<{width}}{b}".rstrip() for a, b in zip(left, right, strict=True)),
        "",
        _hidden_errors(cohort),
        *part_report(cohort),
        *_mixed_spacing(cohort),
        "",
        f"Tables: {out_dir / 'cases.csv'}, {out_dir / 'lesions.csv'}, {out_dir / 'summary.json'}",
    ]


def _voxel_column(cohort: CohortEvaluation) -> list[str]:
    titles = {"dice": "Dice", "hd_mm": "HD, mm", "hd95_mm": "HD95, mm", "assd_mm": "ASSD, mm"}
    return [
        "Voxel level (mean over n cases)",
        *(_mean_line(title, cohort.means[name]) for name, title in titles.items()),
        _mean_line("Dice*", cohort.dice_with_lesion),
        "  * cases with a reference lesion",
    ]


def _mean_line(title: str, mean: Mean) -> str:
    if not mean.n_defined:
        return f"  {title:<9} undefined in all cases"
    undefined = f", {mean.n_undefined} undefined" if mean.n_undefined else ""
    return f"  {title:<9}{mean.value:9.3f}   n {mean.n_defined}{undefined}"


def _lesion_column(cohort: CohortEvaluation) -> list[str]:
    t = cohort.totals
    return [
        "Lesion level (all cases together)",
        f"  reference  {t.n_reference_lesions:>5}: {t.tp_reference} found, {t.fn} missed",
        f"  predicted  {t.n_predicted_lesions:>5}: {t.tp_prediction} true, {t.fp} false",
        f"  recall     {_share(cohort.micro_recall)}",
        f"  precision  {_share(cohort.micro_precision)}",
    ]


def _share(value: float) -> str:
    return f"{value:.3f}" if value == value else "undefined"  # NaN differs from itself


def _hidden_errors(cohort: CohortEvaluation) -> str:
    hidden = cohort.hidden_errors
    looks = f"whose Dice is >= {hidden.good_dice:.2f}"
    if not hidden.cases:
        return f"Hidden errors: none in {_count(hidden.n_good_cases, 'case')} {looks}."
    return (
        f"Hidden errors: {_count(hidden.n_missed, 'lesion')} missed and {hidden.n_false} false in "
        f"{len(hidden.cases)} of the {_count(hidden.n_good_cases, 'case')} {looks}."
    )


def _mixed_spacing(cohort: CohortEvaluation) -> list[str]:
    from napari_medassist.app.cohort.output import spacings

    found = [entry["spacing_zyx_mm"] for entry in spacings(cohort)]
    if len(found) < 2:
        return []
    first = "x".join(f"{mm:g}" for mm in found[0])
    told = f"{len(found)} different ones, most often {first} mm (z, y, x)"
    return [f"Mixed voxel spacing: {told}; see summary.json."]


def failures_of(cohort: CohortEvaluation) -> list[str]:
    """Return the lines that say how many cases could not be compared, and why the first ones."""
    failed = [case for case in cohort.cases if case.status is not Status.OK]
    if not failed:
        return []
    numbers = Counter(case.status for case in failed)
    kinds = ", ".join(f"{numbers[status]} {status}" for status in Status if numbers[status])
    shown = [f"  {case.case}: {case.message}" for case in failed[:_MAX_FAILURES_SHOWN]]
    if len(failed) > len(shown):
        shown.append(f"  ... and {len(failed) - len(shown)} more, see cases.csv")
    return [f"{_count(len(failed), 'case')} could not be compared ({kinds}):", *shown]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
