"""Dice, HD, HD95, ASSD and NSD of pairs of masks: ours against others, on the same arrays."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from memory import peak_mb
from napari_medassist.metrics.multi_label import multi_label_scores
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import voxel_scores
from synthetic_masks import MaskCase, gland, lesions, lungs, opacities, organs
from timing import medians_ms, print_ratios

#: Dice; HD, HD95, ASSD in mm; NSD at 1 mm. NaN for what a candidate does not compute.
Scores = tuple[float, float, float, float, float]
NAMES = ("dice", "hd_mm", "hd95_mm", "assd_mm", "nsd")
NAN = float("nan")
#: Above so many voxels those that need minutes are left out.
LARGE = 10_000_000


def ours(case: MaskCase) -> Scores:
    """Return this project's values."""
    pair = MaskPair.of(case.reference, case.prediction, case.spacing_zyx_mm)
    return tuple(voxel_scores(pair, NAMES).values())


def plain_scipy(case: MaskCase) -> Scores:
    """Return what a textbook implementation gives: erosion, and distance maps of the whole grid."""
    borders = [m & ~ndimage.binary_erosion(m) for m in (case.reference, case.prediction)]
    maps = [ndimage.distance_transform_edt(~b, sampling=case.spacing_zyx_mm) for b in borders]
    directed = (maps[1][borders[0]], maps[0][borders[1]])
    overlap = 2 * np.sum(case.reference & case.prediction)
    return (
        float(overlap / (case.reference.sum() + case.prediction.sum())),
        float(max(d.max() for d in directed)),
        float(max(np.percentile(d, 95) for d in directed)),
        float(np.concatenate(directed).mean()),
        float(np.mean(np.concatenate(directed) <= 1)),
    )


def simple_itk(case: MaskCase) -> Scores:
    """Return SimpleITK's overlap and Hausdorff filters; it has no HD95, and averages by voxels."""
    images = []
    for mask in (case.reference, case.prediction):
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.SetSpacing(case.spacing_zyx_mm[::-1])
        images.append(image)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    hausdorff = sitk.HausdorffDistanceImageFilter()
    hausdorff.Execute(*images)
    return overlap.GetDiceCoefficient(), hausdorff.GetHausdorffDistance(), NAN, NAN, NAN


def medpy(case: MaskCase) -> Scores:
    """Return MedPy's values; its HD95 pools both directions."""
    from medpy.metric import binary

    pair, spacing = (case.prediction, case.reference), case.spacing_zyx_mm
    distances = (f(*pair, voxelspacing=spacing) for f in (binary.hd, binary.hd95, binary.assd))
    return (float(binary.dc(*pair)), *map(float, distances), NAN)


def monai(case: MaskCase) -> Scores:
    """Return the values of MONAI's documented functions."""
    import torch
    from monai import metrics

    pair = [torch.from_numpy(m[None, None]) for m in (case.prediction, case.reference)]
    settings = {"include_background": True, "spacing": case.spacing_zyx_mm}
    values = (
        metrics.compute_dice(*pair),
        metrics.compute_hausdorff_distance(*pair, **settings),
        metrics.compute_hausdorff_distance(*pair, percentile=95, **settings),
        metrics.compute_average_surface_distance(*pair, symmetric=True, **settings),
        metrics.compute_surface_dice(*pair, class_thresholds=[1.0], **settings),
    )
    return tuple(float(v) for v in values)


def monai_distances_once(case: MaskCase) -> Scores:
    """Return the same from MONAI's inner functions, so that distances are computed once."""
    import torch
    from monai.metrics import utils

    masks = [torch.from_numpy(m) for m in (case.prediction, case.reference)]
    _, directed, _ = utils.get_edge_surface_distance(
        *masks, spacing=case.spacing_zyx_mm, symmetric=True
    )
    one, other = (np.asarray(d) for d in directed)
    dice = 2 * float((masks[0] & masks[1]).sum()) / float(masks[0].sum() + masks[1].sum())
    both = np.concatenate([one, other])
    hd95 = max(float(np.percentile(d, 95)) for d in (one, other))
    return dice, float(both.max()), hd95, float(both.mean()), float(np.mean(both <= 1))


def surface_distance(case: MaskCase) -> Scores:
    """Return surface-distance's values; its distances are weighted by the area of surface elements."""
    import surface_distance as sd

    pair = (case.reference, case.prediction)
    distances = sd.compute_surface_distances(*pair, case.spacing_zyx_mm)
    return (
        float(sd.compute_dice_coefficient(*pair)),
        float(sd.compute_robust_hausdorff(distances, 100)),
        float(sd.compute_robust_hausdorff(distances, 95)),
        float(np.mean(sd.compute_average_surface_distance(distances))),
        float(sd.compute_surface_dice_at_tolerance(distances, 1.0)),
    )


def mikan(case: MaskCase) -> Scores:
    """Return mikan-rs's values; it has no NSD."""
    from mikan import ArrayEvaluator

    pair = (m.view(np.uint8) for m in (case.reference, case.prediction))
    names = ["dice", "hausdorff_distance", "hausdorff_distance_95", "assd"]
    evaluator = ArrayEvaluator(*pair, case.spacing_zyx_mm[::-1])
    return (*map(float, evaluator.labels(1).metrics(names)), NAN)


ALWAYS = {"napari-medassist": ours, "SciPy, plain": plain_scipy, "SimpleITK (Dice, HD)": simple_itk}
#: Module that must be installed -> candidates.
OPTIONAL: dict[str, dict[str, Callable[[MaskCase], Scores]]] = {
    "medpy": {"MedPy": medpy},
    "monai": {"MONAI": monai, "MONAI, distances once": monai_distances_once},
    "surface_distance": {"surface-distance": surface_distance},
    "mikan": {"mikan-rs": mikan},
}
#: They need minutes for large grids.
SLOW = ("SciPy, plain", "MedPy", "MONAI")


def candidates(case: MaskCase) -> dict[str, Callable[[MaskCase], Scores]]:
    """Return ours, those that are always there, and the others that are installed."""
    found = dict(ALWAYS)
    for module, functions in OPTIONAL.items():
        if importlib.util.find_spec(module):
            found |= functions
    return {n: f for n, f in found.items() if case.reference.size < LARGE or n not in SLOW}


def compare_masks(case: MaskCase, *, repeats: int) -> None:
    """Measure and print one pair of masks, and the memory that ours takes beyond it."""
    runs = {name: lambda f=f: f(case) for name, f in candidates(case).items()}
    values = {name: run() for name, run in runs.items()}
    notes = {
        name: "Dice {:.4f}  HD {:.3f}  HD95 {:.3f}  ASSD {:.4f}  NSD {:.4f}".format(*v)
        for name, v in values.items()
    }
    print_ratios(case.title, medians_ms(runs, repeats=repeats), notes)
    print(f"  memory beyond the masks: {peak_mb(lambda: ours(case)):.0f} MB")


def compare_classes(*, repeats: int) -> None:
    """Measure all classes of two label maps against one counting pass over both."""
    reference, prediction, spacing = organs()

    def count() -> None:
        np.bincount((reference.astype(np.uint16) << 8 | prediction).ravel(), minlength=1 << 16)

    runs = {
        "one bincount pass": count,
        "napari-medassist": lambda: multi_label_scores(reference, prediction, spacing, names=NAMES),
    }
    print_ratios("117 classes, 300x300x300", medians_ms(runs, repeats=repeats), {})


def main() -> None:
    """Measure and print."""
    for make, repeats in ((lesions, 9), (gland, 9), (opacities, 3), (lungs, 3)):
        compare_masks(make(), repeats=repeats)
    compare_classes(repeats=5)


if __name__ == "__main__":
    main()
