"""What `prostate-lesions` gains from five cases of another scanner, on simulated studies.

The other scanner is simulated: its high b-value is stored inverted (dark is restricted), its ADC is
noisy and blurred, its T2w darker toward the back. Five studies are learned from, as a user
would have it; the studies that it is measured on are over other prostates::

    python training/evaluate_fine_tuning.py --sources sources.npz --studies 57
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from evaluate_prostate_lesions import PICAI, simulated
from napari_medassist.app.learning.cases import LearningCase
from napari_medassist.app.learning.learn import learn
from napari_medassist.app.segmenting import inputs_of, segment
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.results import ScoredCase
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.statistics.paired import compare_cohorts
from napari_medassist.evaluation.statistics.paired_detection import compare_scored
from napari_medassist.models.registry import find_model
from napari_medassist.models.training.fine_tuning import FineTuning

BASE = "prostate-lesions"


def of_other_scanner(case: Case, seed: int) -> Case:
    """Return a study as the other scanner would show it."""
    numbers = np.random.default_rng(seed)
    return replace(
        case, series=tuple(_changed(v, numbers) for v in case.series if isinstance(v, Volume))
    )


def _changed(volume: Volume, numbers: np.random.Generator) -> Volume:
    values = np.asarray(volume.array, dtype=np.float32)
    low, high = np.percentile(values, [1, 99])
    unit = np.clip((values - low) / (high - low), 0, 1.3)
    noise = numbers.normal(0, 1, values.shape).astype(np.float32)
    if volume.role == "adc":
        unit = ndimage.gaussian_filter(unit, (0, 1.2, 1.2)) + 0.05 * noise
    elif volume.role == "high-b":  # stored inverted, as it is often looked at
        unit = 1 - np.clip(unit, 0, 1) + 0.05 * noise
    else:
        unit = unit**0.7 * np.linspace(1, 0.5, values.shape[1])[:, None].astype(np.float32)
    return volume.with_changes(array=unit.astype(np.float32))


def learning_case(case: Case, lesions: np.ndarray) -> LearningCase:
    """Return a study with its lesions as a reader would have drawn them."""
    images, _ = inputs_of(find_model(BASE), case)
    labels = LabelMap.on(next(iter(images.values())), lesions.astype(np.uint8), name="Lesions")
    return LearningCase(case.name, images, labels, case.name)


def main() -> None:
    """Learn and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=52)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--name", default="another-scanner")
    options = parser.parse_args()
    ill, k = [], 0
    while len(ill) < 5:  # the first five studies with a lesion are learned from
        case, lesions = simulated(options.sources, k)
        if lesions.any():
            ill.append(learning_case(of_other_scanner(case, k), lesions))
        k += 1
    start = time.monotonic()
    learned = learn(BASE, ill, options.name, settings=FineTuning(steps=options.steps), n_folds=0)
    print(f"{learned.card.full_name}: learned in {time.monotonic() - start:.0f} s")
    scored: dict[str, list[ScoredCase]] = {BASE: [], options.name: []}
    masks = {BASE: [], options.name: []}
    for number in range(k, k + options.studies):
        case, lesions = simulated(options.sources, number)
        case = of_other_scanner(case, number)
        for model in scored:
            made = segment(case, model)
            labels = np.asarray(made.labels.array)
            sure = np.array([0.0, *(made.confidences or ())])
            spacing = made.labels.geometry.spacing_zyx_mm
            one = score_case(
                lesions, sure[labels], spacing, kind="detection", convention=PICAI, case=case.name
            )
            scored[model].append(one)
            masks[model].append(
                evaluate(
                    lesions.astype(np.uint8),
                    (labels > 0).astype(np.uint8),
                    spacing,
                    convention=PICAI,
                    case=case.name,
                )
            )
    after, before = (summarise(masks[name], convention=PICAI) for name in (options.name, BASE))
    for what, found in compare_cohorts(after, before).items():
        if what in ("micro_recall", "micro_precision", "fp_per_case", "mean dice"):
            d = found.difference
            print(
                f"{what}: {found.second:.3f} -> {found.first:.3f}, {d.value:+.3f} "
                f"({d.low:+.3f} to {d.high:+.3f}), p {found.p_value:.4f}, {found.n_cases} studies"
            )
    for what, found in compare_scored(scored[options.name], scored[BASE]).items():
        d = found.difference
        print(f"{what}: {found.second:.3f} -> {found.first:.3f}, ({d.low:+.3f} to {d.high:+.3f})")


if __name__ == "__main__":
    main()
