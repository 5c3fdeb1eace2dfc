"""Record what other tools say of the cases of lesion_cases.py, and of 50 real pairs.

Run it in an environment of its own; the tests need the recorded files only::

    python -m venv peers && peers/bin/pip install picai_eval==1.4.13 panoptica==2.1.7
    peers/bin/pip install report-guided-annotation==0.3.4 surface-distance==0.1 CCMetrics==0.0.3
    peers/bin/python tests/parity/record_lesions.py [FOLDER_OF_REAL_LABELS]

The folder holds ``human`` and ``ai`` label maps of the same names (PI-CAI). Of real pairs only numbers
are recorded, by case name. BraTS's lesion-wise metrics are not packaged: they are computed here as the
2023 challenge describes them, with the distances of the package surface-distance.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import surface_distance
from lesion_cases import cases, fingerprint
from panoptica import ConnectedComponentsInstanceApproximator, InputType, Panoptica_Evaluator
from panoptica.instance_matcher import NaiveThresholdMatching
from panoptica.metrics import Metric
from picai_eval.eval import evaluate_case
from report_guided_annotation.extract_lesion_candidates import (
    extract_lesion_candidates,
    extract_lesion_candidates_dynamic,
)
from scipy import ndimage

OUT = Path(__file__).parent / "recorded"
TOOLS = (
    "picai_eval",
    "panoptica",
    "report-guided-annotation",
    "surface-distance",
    "CCMetrics",
    "numpy",
)
EVERY_NEIGHBOUR = np.ones((3, 3, 3))
#: dilation steps, largest volume that is left out, in mm3
BRATS = {"gli": (3, 50), "met": (1, 2)}
N_REAL = 50


def picai(detections: np.ndarray, reference: np.ndarray) -> dict[str, Any]:
    found = {}
    for name, settings in {
        "iou": {},
        "iou_strict": {"allow_unmatched_candidates_with_minimal_overlap": False},
        "dsc": {"overlap_func": "DSC", "case_confidence_func": "bayesian"},
    }.items():
        candidates, confidence, *_ = evaluate_case(detections, reference.astype(np.int32), **settings)
        rows = sorted([int(a), rounded(b), rounded(c)] for a, b, c in candidates)
        found[name] = {"candidates": rows, "confidence": rounded(confidence)}
    return found


def panoptic(prediction: np.ndarray, reference: np.ndarray, threshold: float) -> dict[str, Any]:
    evaluator = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC,
        instance_approximator=ConnectedComponentsInstanceApproximator(),
        instance_matcher=NaiveThresholdMatching(matching_threshold=threshold),
        instance_metrics=[Metric.IOU],
        global_metrics=[Metric.DSC],
    )
    pair = prediction.astype(np.uint8), reference.astype(np.uint8)
    result = evaluator.evaluate(*pair)["ungrouped"]
    return {name: rounded(getattr(result, name)) for name in ("tp", "fp", "fn", "sq", "rq", "pq")}


def extractions(probability: np.ndarray) -> dict[str, Any]:
    by_name = {
        "static": extract_lesion_candidates(probability, threshold=0.1),
        "dynamic": extract_lesion_candidates(probability, threshold="dynamic-v2"),
        "dynamic_v1": extract_lesion_candidates_dynamic(probability, version=1),
        "dynamic_fast": extract_lesion_candidates(probability, threshold="dynamic-fast"),
    }
    return {name: _candidates(confidences, index) for name, (_, confidences, index) in by_name.items()}


def _candidates(confidences: list[tuple[int, float]], index: np.ndarray) -> list[list[float]]:
    """Return confidence, number of voxels and first voxel of each candidate."""
    rows = []
    for number, confidence in confidences:
        places = np.flatnonzero(index.ravel() == number)
        rows.append([rounded(confidence), int(places.size), int(places[0])])
    return sorted(rows)


def brats(prediction: np.ndarray, reference: np.ndarray, spacing: tuple[float, ...], name: str) -> Any:
    steps, ignored_mm3 = BRATS[name]
    structure = ndimage.generate_binary_structure(3, 2)
    grown, n = ndimage.label(
        ndimage.binary_dilation(reference, structure, iterations=steps), EVERY_NEIGHBOUR
    )
    called, n_called = ndimage.label(prediction, EVERY_NEIGHBOUR)
    used: set[int] = set()
    dice, hd95 = [], []
    for number in range(1, n + 1):
        lesion = reference & (grown == number)
        touching = set(np.unique(called[grown == number])) - {0}
        used |= touching
        if lesion.sum() * np.prod(spacing) <= ignored_mm3:
            continue
        own = np.isin(called, list(touching))
        dice.append(2 * (own & lesion).sum() / (own.sum() + lesion.sum()))
        hd95.append(_hd95(lesion, own, spacing))
    n_false = n_called - len(used)
    n_all = len(dice) + n_false
    values = (sum(dice) / n_all, (sum(hd95) + 374 * n_false) / n_all) if n_all else (1.0, 0.0)
    return {"dice": rounded(values[0]), "hd95": rounded(values[1]), "fp": n_false, "kept": len(dice)}


def _hd95(lesion: np.ndarray, own: np.ndarray, spacing: tuple[float, ...]) -> float:
    if not own.any():
        return 374.0
    distances = surface_distance.compute_surface_distances(lesion, own, spacing)
    return float(surface_distance.compute_robust_hausdorff(distances, 95))


def regions() -> Callable[..., np.ndarray]:
    """Return CC-Metrics' function, loaded by its path: the package itself needs PyTorch and MONAI."""
    folder = importlib.util.find_spec("CCMetrics").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("regions", Path(folder) / "space_separation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compute_voronoi_regions_fast


def cc_dice(prediction: np.ndarray, reference: np.ndarray, sampling: Any) -> float | None:
    if not reference.any():
        return float(not prediction.any())
    region = REGIONS(reference, sampling=sampling)
    scores = []
    for number in np.unique(region):
        inside = region == number
        a, b = reference & inside, prediction & inside
        scores.append(2 * (a & b).sum() / (a.sum() + b.sum()))
    return rounded(np.mean(scores))


def rounded(value: float) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 9)


def of_masks(
    detections: np.ndarray, reference: np.ndarray, spacing: tuple[float, ...]
) -> dict[str, Any]:
    prediction = detections > 0
    return {
        "picai": picai(detections, reference),
        "panoptica_0.5": panoptic(prediction, reference, 0.5),
        "panoptica_0.1": panoptic(prediction, reference, 0.1),
        **{f"brats_{name}": brats(prediction, reference, spacing, name) for name in BRATS},
        "cc_dice_voxels": cc_dice(prediction, reference, None),
        "cc_dice": cc_dice(prediction, reference, spacing),
    }


def generated() -> list[dict[str, Any]]:
    return [
        {
            **of_masks(case.detections, case.reference, case.spacing_zyx_mm),
            "extraction": extractions(case.probability),
        }
        for case in cases()
    ]


def real(folder: Path) -> dict[str, Any]:
    """Return values of 45 pairs with a lesion on some side, evenly spread, and of 5 without."""
    with_lesion, without = [], []
    for path in sorted((folder / "human").iterdir()):
        sides = [sitk.ReadImage(str(folder / s / path.name)) for s in ("human", "ai")]
        if sides[0].GetSize() == sides[1].GetSize():
            arrays = [sitk.GetArrayFromImage(s) > 0 for s in sides]
            (with_lesion if any(a.any() for a in arrays) else without).append(path.name)
    chosen = [with_lesion[i * len(with_lesion) // 45] for i in range(45)] + without[: N_REAL - 45]
    record = {}
    for name in chosen:
        image = sitk.ReadImage(str(folder / "human" / name))
        reference = sitk.GetArrayFromImage(image) > 0
        called = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "ai" / name))) > 0
        spacing = image.GetSpacing()[::-1]
        record[name] = of_masks(called.astype(np.float32), reference, spacing)
    return record


def write(name: str, values: dict[str, Any]) -> None:
    OUT.mkdir(exist_ok=True)
    record = {"versions": {tool: version(tool) for tool in TOOLS}, **values}
    text = json.dumps(record, separators=(",", ":"))
    (OUT / name).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    write("lesions.json", {"fingerprint": fingerprint(), "cases": generated()})
    if len(sys.argv) > 1:
        write("lesions_real.json", {"cases": real(Path(sys.argv[1]))})


if __name__ == "__main__":
    vars(np)["Inf"] = np.inf  # surface-distance 0.1 asks for a name that NumPy 2 no longer has
    REGIONS = regions()
    main()
