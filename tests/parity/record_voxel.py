"""Record what other tools say of the pairs of masks of voxel_cases.py, or of real ones.

Run it in an environment of its own; the tests need the recorded file only::

    python -m venv peers && peers/bin/pip install torch medpy==0.5.2 surface-distance==0.1 scikit-learn
    peers/bin/pip install monai==1.6.1 --no-deps
    peers/bin/python tests/parity/record_voxel.py
    peers/bin/pip install SimpleITK && peers/bin/python tests/parity/record_voxel.py PICAI_LABELS

The second call takes the folder of the PI-CAI labels, with human/ and ai/ in it: it records the first
50 cases in which both have a lesion, cropped to five voxels around them: some tools need minutes else.
A value is null where the tool fails, or returns NaN or an infinity.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import surface_distance as sd
import torch
from medpy.metric import binary
from monai import metrics as mm
from sklearn import metrics as sk
from voxel_cases import VoxelCase, around, cases, fingerprint

TOOLS = ("monai", "medpy", "surface-distance", "scikit-learn", "torch", "numpy", "scipy")
TOLERANCE_MM = 1.0
N_REAL = 50
Values = dict[str, float | None]


def monai(case: VoxelCase) -> Values:
    """Return MONAI's values, distances with and without spacing."""
    pair = [torch.from_numpy(m[None, None]) for m in (case.prediction, case.reference)]
    mm_, vox = {"spacing": case.spacing_zyx_mm}, {}
    return {
        "dice": tried(mm.compute_dice, *pair, ignore_empty=False),
        "iou": tried(mm.compute_iou, *pair, ignore_empty=False),
        "hd": tried(mm.compute_hausdorff_distance, *pair, **mm_),
        "hd95": tried(mm.compute_hausdorff_distance, *pair, percentile=95, **mm_),
        "hd95_voxels": tried(mm.compute_hausdorff_distance, *pair, percentile=95, **vox),
        "assd": tried(mm.compute_average_surface_distance, *pair, symmetric=True, **mm_),
        "nsd": tried(mm.compute_surface_dice, *pair, class_thresholds=[TOLERANCE_MM], **mm_),
    }


def medpy(case: VoxelCase) -> Values:
    """Return MedPy's values."""
    pair, asd = (case.prediction, case.reference), binary.asd
    spacing = {"voxelspacing": case.spacing_zyx_mm}
    return {
        "dc": tried(binary.dc, *pair),
        "jc": tried(binary.jc, *pair),
        "recall": tried(binary.recall, *pair),
        "precision": tried(binary.precision, *pair),
        "specificity": tried(binary.specificity, *pair),
        "ravd": tried(binary.ravd, *pair),
        "hd": tried(binary.hd, *pair, **spacing),
        "hd95": tried(binary.hd95, *pair, **spacing),
        "assd": tried(binary.assd, *pair, **spacing),
        "asd_both_ways": tried(lambda: (asd(*pair, **spacing) + asd(*pair[::-1], **spacing)) / 2),
    }


def surface_distance(case: VoxelCase) -> Values:
    """Return surface-distance's values, weighted by area."""
    try:
        found = sd.compute_surface_distances(case.reference, case.prediction, case.spacing_zyx_mm)
    except AttributeError:  # it asks NumPy 2 for np.Inf where a mask is empty
        return dict.fromkeys(("hd", "hd95", "hd50", "mean_of_means", "mean_by_area", "nsd"))
    return {
        "hd": tried(sd.compute_robust_hausdorff, found, 100),
        "hd95": tried(sd.compute_robust_hausdorff, found, 95),
        "hd50": tried(sd.compute_robust_hausdorff, found, 50),
        "mean_of_means": tried(lambda: np.mean(sd.compute_average_surface_distance(found))),
        "mean_by_area": tried(mean_by_area, found),
        "nsd": tried(sd.compute_surface_dice_at_tolerance, found, TOLERANCE_MM),
    }


def mean_by_area(found: dict[str, Any]) -> float:
    """Return the mean distance over both surfaces together: its own function keeps them apart."""
    ways = [("distances_gt_to_pred", "surfel_areas_gt"), ("distances_pred_to_gt", "surfel_areas_pred")]
    distances, areas = (np.concatenate([found[way[i]] for way in ways]) for i in (0, 1))
    return float((distances * areas).sum() / areas.sum())


def scikit_learn(case: VoxelCase) -> Values:
    """Return scikit-learn's values of the flattened voxels."""
    pair = case.reference.ravel(), case.prediction.ravel()
    values = {
        "kappa": tried(sk.cohen_kappa_score, *pair),
        "balanced_accuracy": tried(sk.balanced_accuracy_score, *pair),
    }
    if case.probability is None:
        return values
    chance = case.reference.ravel(), case.probability.ravel()
    return values | {
        "auroc": tried(sk.roc_auc_score, *chance),
        "brier": tried(sk.brier_score_loss, *chance),
    }


def tried(function: Callable[..., Any], *args: Any, **options: Any) -> float | None:
    """Return a value to 12 digits; None if there is none."""
    try:
        value = float(function(*args, **options))
    except (AttributeError, RuntimeError, ValueError, ZeroDivisionError):
        return None
    return float(f"{value:.12g}") if isfinite(value) else None


def real_cases(folder: Path) -> Iterator[tuple[str, VoxelCase]]:
    """Go through the first real cases in which both have a lesion, with the names of their files."""
    import SimpleITK as sitk

    found = 0
    for path in sorted((folder / "human").iterdir()):
        images = [sitk.ReadImage(folder / reader / path.name) for reader in ("human", "ai")]
        masks = [sitk.GetArrayFromImage(image) > 0 for image in images]
        if masks[0].shape == masks[1].shape and all(mask.any() for mask in masks):
            found += 1
            box = around(masks[0] | masks[1])
            cropped = (mask[box] for mask in masks)
            yield path.name, VoxelCase(found, *cropped, None, images[0].GetSpacing()[::-1])
        if found == N_REAL:
            return


def values_of(case: VoxelCase) -> dict[str, Values]:
    """Return what every tool says of a case."""
    tools = (monai, medpy, surface_distance, scikit_learn)
    return {tool.__name__: tool(case) for tool in tools}


def main() -> None:
    """Write recorded/voxel.json, or recorded/voxel_real.json if a folder is given."""
    warnings.simplefilter("ignore")
    record: dict[str, Any] = {"versions": {tool: version(tool) for tool in TOOLS}}
    if len(sys.argv) > 1:
        name, found = "voxel_real.json", list(real_cases(Path(sys.argv[1])))
        record |= {"cases": {file: values_of(case) for file, case in found}}
    else:
        name = "voxel.json"
        record |= {"fingerprint": fingerprint(), "cases": [values_of(case) for case in cases()]}
    path = Path(__file__).parent / "recorded" / name
    path.write_text(json.dumps(record, separators=(",", ":")).replace("}},{", "}},\n{") + "\n")


if __name__ == "__main__":
    main()
