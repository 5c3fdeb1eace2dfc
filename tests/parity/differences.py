"""Print how far our values lie from the recorded ones: the rows of docs/concepts/parity.md.

    python -m tests.parity.differences [PICAI_LABELS]

The folder of the PI-CAI labels adds the 50 real pairs. A row is one number of one tool: how many cases
both define, and the largest difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract import test_parity_curves as curves
from tests.contract import test_parity_lesion as lesion
from tests.contract import test_parity_voxel as voxel

from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.statistics.resampling import auroc_of, average_precision_of, bootstrap
from napari_medassist.io.files import read_labels

#: (tool, number) and the two values.
Found = Iterator[tuple[str, str, float, float]]


def of_voxels() -> Found:
    """Voxel-level and surface metrics where both masks have voxels."""
    for tool, key in voxel.SAME:
        for ours, theirs, empty in voxel.both(tool, key):
            if not empty and theirs is not None:
                yield tool, key, ours, theirs


def of_lesions(real: Path | None) -> Found:
    """Lesion-level numbers of all drawn cases, and of the real ones."""
    pairs = [
        ((case.reference, case.detections, case.spacing_zyx_mm), record)
        for case, record in lesion.pairs()
    ]
    for (reference, detections, spacing), record in pairs:
        yield from _of_lists(record, reference, detections, spacing, kind="detection")
        yield from _of_masks(record, reference, detections > 0, spacing)
    for name, record in lesion.REAL.items() if real else ():
        sides = [read_labels(real / side / name) for side in ("human", "ai")]
        yield from _of_lists(record, *sides, tools=("iou",), suffix=", real")
        yield from _of_masks(record, *sides, suffix=", real")


def of_curves() -> Found:
    """Curves of the drawn cohorts."""
    for cohort in curves.RECORD["cohorts"]:
        cases = curves.scored(cohort["lists"])
        curve = curves.detection_curve(cases)
        yield "picai_eval", "AP", curve.average_precision, cohort["average_precision"]
        yield "picai_eval", "AUROC", curves.auroc(cases), cohort["auroc"]
        if cohort["thresholds"][-1] <= 0:
            for fp, theirs in zip(
                curves.RECORD["fp_per_case"], cohort["sensitivity_at_fp"], strict=True
            ):
                yield "picai_eval", "FROC sensitivity", curve.sensitivity_at_fp(fp), theirs
        for key, of in (("ap_95_ci", average_precision_of), ("auroc_95_ci", auroc_of)):
            if key in cohort:
                found = bootstrap(of(cases), len(cases), **curves.RECORD["bootstrap"])
                yield "picai_eval", key, found.low, cohort[key][0]
                yield "picai_eval", key, found.high, cohort[key][1]


_WIDE = {"grid_tolerance_mm": 1e3}  # the other tools do not look


def _of_lists(
    record: Any,
    *images: Any,
    tools: tuple[str, ...] = tuple(lesion.PICAI),
    suffix: str = "",
    **how: Any,
) -> Found:
    for rule in tools:
        scored = score_case(*images, convention=lesion.PICAI[rule].with_changes(**_WIDE), **how)
        ours = sorted([int(c.is_lesion), c.confidence, c.overlap] for c in scored.candidates)
        theirs = record["picai"][rule]["candidates"]
        yield "picai_eval", f"list length ({rule}){suffix}", len(ours), len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            for name, a, b in zip(("label", "confidence", "overlap"), one, other, strict=True):
                yield "picai_eval", f"{name} ({rule}){suffix}", a, b


def _of_masks(record: Any, *images: Any, suffix: str = "") -> Found:
    names = ("pq", "sq", "rq", "lesion_dice", "lesion_hd95_mm", "cc_dice_voxels")
    for rule, convention in lesion.PANOPTICA.items():
        found = evaluate(*images, convention=convention.with_changes(**_WIDE), metrics=names)
        for key, ours in (("tp", found.tp_reference), ("fp", found.fp), ("fn", found.fn)):
            yield "panoptica", f"{key} ({rule[-3:]}){suffix}", ours, record[rule][key]
        for key in ("sq", "rq", "pq"):
            if record[rule][key] is not None:
                yield "panoptica", f"{key} ({rule[-3:]}){suffix}", found.score(key), record[rule][key]
    for rule, convention in lesion.BRATS.items():
        found = evaluate(*images, convention=convention.with_changes(**_WIDE), metrics=names)
        yield rule, f"fp{suffix}", found.fp, record[rule]["fp"]
        yield rule, f"lesion_dice{suffix}", found.score("lesion_dice"), record[rule]["dice"]
        yield rule, f"lesion_hd95_mm{suffix}", found.score("lesion_hd95_mm"), record[rule]["hd95"]
    plain = preset("medassist").with_changes(empty_overlap={"both": "best_if_both"}, **_WIDE)
    found = evaluate(*images, convention=plain, metrics=("cc_dice", "cc_dice_voxels"))
    for name in ("cc_dice", "cc_dice_voxels"):
        yield "CC-Metrics", f"{name}{suffix}", found.score(name), record[name]


def main() -> None:
    real = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rows: dict[tuple[str, str], list[float]] = {}
    for source in (of_voxels(), of_lesions(real), of_curves()):
        for tool, number, ours, theirs in source:
            rows.setdefault((tool, number), []).append(abs(ours - theirs))
    for (tool, number), apart in rows.items():
        sys.stdout.write(f"| {tool} | {number} | {len(apart)} | {max(apart):.1e} |\n")


if __name__ == "__main__":
    main()
