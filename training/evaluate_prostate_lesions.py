"""FROC of `prostate-lesions` on simulated studies over prostates that it did not learn from.

The studies go through the model as a user's do: images, candidates, evaluation by PI-CAI's rules.
Intervals are of a bootstrap over the prostates, since several studies share one. With --study, it is
told beside what is found on one real case, which is one case and no accuracy::

    python training/evaluate_prostate_lesions.py --sources sources.npz --studies 171 \
        --study ProstateX-0000 --lesion ProstateX-0000_human.nii.gz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.results import ScoredCase
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.statistics.resampling import (
    WeightedStatistic,
    auroc_of,
    average_precision_of,
    bootstrap,
    sensitivity_at_fp_of,
)
from napari_medassist.io.files import read, read_labels
from napari_medassist.models.training.simulation.frame import Frame
from napari_medassist.models.training.simulation.prostate_mpmr import simulate_mpmr
from napari_medassist.models.training.simulation.sources import N_HELD_OUT, read_sources

ROLES = ("t2w", "adc", "high-b")
SUBSETS = (ROLES, ("t2w", "adc"), ("adc", "high-b"), ("t2w",))
FP_PER_CASE = (0.25, 0.5, 1.0, 2.0)
PICAI = preset("picai")
_SEED = 99_000_000


def simulated(sources: Path, study: int) -> tuple[Case, np.ndarray]:
    """Return a study over one of the prostates that are held out, and its lesions."""
    anatomies, backgrounds = read_sources(sources)
    frame = Frame()
    one = anatomies[study % N_HELD_OUT]
    images, lesions = simulate_mpmr(_SEED + study, (one,), backgrounds, frame, may_miss=False)
    corner = -(np.array(frame.shape_zyx)[::-1] - 1) / 2 * np.array(frame.spacing_zyx_mm)[::-1]
    grid = Geometry(frame.shape_zyx, frame.spacing_zyx_mm, tuple(corner.tolist()), np.eye(3))
    volumes = [
        Volume.from_stored(a, grid, name=r, role=r, acquisition=Acquisition(modality=Modality.MR))
        for a, r in zip(images, ROLES, strict=True)
    ]
    return Case(f"simulated {study}", tuple(volumes)), lesions


def scored(case: Case, lesions: np.ndarray) -> ScoredCase:
    """Run the model, and match its candidates with the lesions."""
    made = segment(case, "prostate-lesions")
    labels = np.asarray(made.labels.array)
    confidences = np.array([0.0, *(made.confidences or ())])
    return score_case(
        lesions,
        confidences[labels],
        made.labels.geometry.spacing_zyx_mm,
        kind="detection",
        convention=PICAI,
        case=case.name,
    )


def by_prostate(statistic: WeightedStatistic, n_studies: int) -> WeightedStatistic:
    """Return a statistic of studies as one of prostates: all studies of one are drawn together."""
    of = np.arange(n_studies) % N_HELD_OUT

    def of_prostates(weights: np.ndarray) -> np.ndarray:
        return statistic(weights[:, of])

    return of_prostates


def print_froc(name: str, cases: list[ScoredCase]) -> None:
    """Print sensitivity at some numbers of false candidates, with intervals."""
    n_prostates = min(N_HELD_OUT, len(cases))
    n_lesions = sum(case.n_reference_lesions for case in cases)
    n_ill = sum(case.has_lesion for case in cases)
    print(f"{name}: {len(cases)} studies, {n_ill} with lesions, {n_lesions} lesions")
    statistics = {f"sensitivity at {fp:g} FP": sensitivity_at_fp_of(cases, fp) for fp in FP_PER_CASE}
    statistics |= {"AP": average_precision_of(cases), "AUROC of cases": auroc_of(cases)}
    for what, statistic in statistics.items():
        found = bootstrap(by_prostate(statistic, len(cases)), n_prostates)
        print(f"  {what}: {found.value:.3f} ({found.low:.3f} to {found.high:.3f})")
    curve = detection_curve(cases)
    for cut_off in (0.3, 0.5, 0.7):
        n = int(np.count_nonzero(curve.cut_offs >= cut_off))
        if n:
            recall, fp = curve.recall[n - 1], curve.fp_per_case[n - 1]
            print(f"  confidence {cut_off}: sensitivity {recall:.3f}, {fp:.2f} FP a study")


def print_study(study: Path, lesion: Path) -> None:
    """Print what is found on one real study."""
    case, truth = read(study), read_labels(lesion)
    made = segment(case, "prostate-lesions")
    truth.geometry.require_same_grid(made.labels.geometry)
    mask, labels = np.asarray(truth.array) > 0, np.asarray(made.labels.array)
    print(f"{study.name}: {made.confidences}, {sum(made.seconds.values()):.2f} s")
    for value, confidence in enumerate(made.confidences or (), start=1):
        found = labels == value
        both = np.count_nonzero(found & mask)
        dice = 2 * both / (np.count_nonzero(found) + np.count_nonzero(mask))
        ml = np.count_nonzero(found) * made.labels.geometry.voxel_volume_mm3 / 1000
        print(f"  candidate {value} ({confidence:.2f}, {ml:.2f} ml): Dice with the lesion {dice:.3f}")


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=3 * N_HELD_OUT)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--lesion", type=Path)
    options = parser.parse_args()
    studies = [simulated(options.sources, k) for k in range(options.studies)]
    for roles in SUBSETS:
        cases = []
        for case, lesions in studies:
            kept = tuple(s for s in case.series if s.role in roles)
            cases.append(scored(Case(case.name, kept), lesions))
        print_froc(" + ".join(roles), cases)
    if options.study and options.lesion:
        print_study(options.study, options.lesion)


if __name__ == "__main__":
    main()
