"""``napari-medassist evaluate``: compare label maps and write the tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_medassist.core.results import Status
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.rules import CONNECTIVITIES

if TYPE_CHECKING:
    from napari_medassist.core.results import CohortEvaluation, Mean

#: Exit codes: all cases compared; some were not; the arguments cannot be used.
ALL_COMPARED, SOME_NOT_COMPARED, UNUSABLE = 0, 1, 2

_MAX_FAILURES_SHOWN = 10


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command to the parser of the program."""
    parser = subparsers.add_parser(
        "evaluate",
        help="compare label maps: Dice and distances beside lesions found, missed and false",
        description="Compare predicted label maps with reference label maps, voxel by voxel and "
        "lesion by lesion. Writes cases.csv, lesions.csv and summary.json.",
        epilog="Exit code: 0 all cases compared, 1 some could not be compared, 2 nothing to compare.",
    )
    parser.add_argument("--reference", required=True, type=Path, metavar="FILE|DIR")
    parser.add_argument("--prediction", required=True, type=Path, metavar="FILE|DIR")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the tables go")
    parser.add_argument(
        "--label", type=int, nargs="+", metavar="N", help="foreground values (default: all non-zero)"
    )
    parser.add_argument(
        "--tolerance-mm",
        type=float,
        default=MEDASSIST.grid_tolerance_mm,
        metavar="MM",
        help="how far the corners of two grids may lie apart (default: %(default)s)",
    )
    parser.add_argument(
        "--overlap",
        type=float,
        default=MEDASSIST.matching.threshold_reference,
        metavar="SHARE",
        help="share of a lesion that must be covered for it to count, on either side "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--connectivity",
        type=int,
        choices=CONNECTIVITIES,
        default=MEDASSIST.extraction.connectivity,
        help="neighbours that hold a lesion together (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; return its exit code."""
    from napari_medassist.app.cohort_files import evaluate_files
    from napari_medassist.core.errors import MedAssistError
    from napari_medassist.core.progress import silent

    try:
        cohort = evaluate_files(
            args.reference,
            args.prediction,
            args.out,
            label=args.label,
            convention=MEDASSIST.with_changes(
                extraction={"connectivity": args.connectivity},
                matching={
                    "threshold_reference": args.overlap,
                    "threshold_prediction": args.overlap,
                },
                grid_tolerance_mm=args.tolerance_mm,
            ),
            progress=silent if args.quiet else _show_progress,
        )
    except MedAssistError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    if not args.quiet:
        print("\n".join(_report(cohort, args.out)))
        if args.label and not (cohort.totals.n_reference_lesions or cohort.totals.n_predicted_lesions):
            print(f"No compared file holds a label {' or '.join(str(n) for n in args.label)}.")
    failures = _failures(cohort)
    if failures:
        print("\n".join(failures), file=sys.stderr)
    return SOME_NOT_COMPARED if failures else ALL_COMPARED


def _show_progress(done: int, total: int, message: str, /) -> None:
    """Keep one line on a terminal up to date; elsewhere say every tenth of the way."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{done}/{total} {message}", end="", file=sys.stderr, flush=True)
        if done == total:
            print(file=sys.stderr)
    elif total >= 20 and done and (done * 10) // total != ((done - 1) * 10) // total:
        print(f"{done}/{total}", file=sys.stderr, flush=True)


def _report(cohort: CohortEvaluation, out_dir: Path) -> list[str]:
    voxel, lesion = _voxel_column(cohort), _lesion_column(cohort)
    height = max(len(voxel), len(lesion))
    left = [*voxel, *[""] * (height - len(voxel))]
    right = [*lesion, *[""] * (height - len(lesion))]
    width = max(len(line) for line in left) + 4
    return [
        f"{len(cohort.cases)} cases, {len(cohort.compared)} compared",
        "",
        *(f"{a:<{width}}{b}".rstrip() for a, b in zip(left, right, strict=True)),
        "",
        _hidden_errors(cohort),
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


def _failures(cohort: CohortEvaluation) -> list[str]:
    failed = [case for case in cohort.cases if case.status is not Status.OK]
    if not failed:
        return []
    numbers = {s: n for s, n in cohort.n_by_status.items() if n and s is not Status.OK}
    kinds = ", ".join(f"{number} {status}" for status, number in numbers.items())
    shown = [f"  {case.case}: {case.message}" for case in failed[:_MAX_FAILURES_SHOWN]]
    if len(failed) > len(shown):
        shown.append(f"  ... and {len(failed) - len(shown)} more, see cases.csv")
    return [f"{_count(len(failed), 'case')} could not be compared ({kinds}):", *shown]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
