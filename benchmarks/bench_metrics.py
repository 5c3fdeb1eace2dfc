"""Dice, HD, HD95 and ASSD of one pair of masks: ours against others, on the same arrays."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import voxel_scores
from synthetic_masks import MaskCase, gland, lesions
from timing import medians_ms, print_ratios

#: Dice; HD, HD95, ASSD in mm. NaN for what a candidate does not compute.
Scores = tuple[float, float, float, float]
NAN = float("nan")


def ours(case: MaskCase) -> Scores:
    """Return this project's values."""
    scores = voxel_scores(MaskPair.of(case.reference, case.prediction, case.spacing_zyx_mm))
    return scores["dice"], scores["hd_mm"], scores["hd95_mm"], scores["assd_mm"]


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
    return overlap.GetDiceCoefficient(), hausdorff.GetHausdorffDistance(), NAN, NAN


def medpy(case: MaskCase) -> Scores:
    """Return MedPy's values; its HD95 pools both directions."""
    from medpy.metric import binary

    pair, spacing = (case.prediction, case.reference), case.spacing_zyx_mm
    distances = (f(*pair, voxelspacing=spacing) for f in (binary.hd, binary.hd95, binary.assd))
    return (float(binary.dc(*pair)), *map(float, distances))


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
    )
    return tuple(float(v) for v in values)


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
    )


OPTIONAL = {"medpy": medpy, "monai": monai, "surface_distance": surface_distance}


def candidates() -> dict[str, Callable[[MaskCase], Scores]]:
    """Return ours, those that are always there, and the others that are installed."""
    installed = {name: f for name, f in OPTIONAL.items() if importlib.util.find_spec(name)}
    always = {"napari-medassist": ours, "SciPy, plain": plain_scipy, "SimpleITK (Dice, HD)": simple_itk}
    return {**always, **installed}


def main() -> None:
    """Measure and print."""
    for case, repeats in ((lesions(), 5), (gland(), 5)):
        runs = {name: lambda f=f: f(case) for name, f in candidates().items()}  # noqa: B023 - used at once
        values = {name: run() for name, run in runs.items()}
        notes = {
            name: "Dice {:.4f}  HD {:.3f}  HD95 {:.3f}  ASSD {:.4f}".format(*v)
            for name, v in values.items()
        }
        print_ratios(case.title, medians_ms(runs, repeats=repeats), notes)


if __name__ == "__main__":
    main()
