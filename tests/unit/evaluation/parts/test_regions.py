"""Zones as regions, against masks that are cut by hand and lesions that are counted by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch, InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, LesionCounts, PartEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset
from napari_medassist.evaluation.inputs.label_values import count_values
from napari_medassist.evaluation.parts.regions import ZoneMap, evaluate_regions
from napari_medassist.evaluation.staged import StagedCase
from napari_medassist.metrics.registry import METRICS, voxel_scores
from napari_medassist.metrics.spec import VoxelMetric

SPACING = (3.0, 0.5, 0.5)
GRID = Geometry((8, 20, 20), SPACING)
SCHEME = LabelScheme.from_names({1: "peripheral zone", 2: "transition zone"})


def by_zone(
    reference: np.ndarray,
    prediction: np.ndarray,
    zones: np.ndarray,
    *,
    convention: Convention = MEDASSIST,
    metrics: tuple[str, ...] | None = None,
    scheme: LabelScheme | None = None,
) -> CaseEvaluation:
    case = StagedCase(reference, prediction, SPACING)
    found = case.under(convention, metrics=metrics)
    return evaluate_regions(
        found,
        case.masks(convention),
        ZoneMap.of(zones, reference.shape, scheme=scheme),
        convention=convention,
        metrics=metrics,
    )


def halves() -> np.ndarray:
    """Zone 1 for x below 10, zone 2 for x from 10 to 17, outside from 18 on."""
    zones = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    zones[:, :, :10], zones[:, :, 10:18] = 1, 2
    return zones


def boxes(*places: tuple[slice, slice, slice]) -> np.ndarray:
    values = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    for place in places:
        values[place] = 1
    return values


@pytest.fixture(scope="module")
def random_case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Many lesions on either side, and zones that are no boxes."""
    rng = np.random.default_rng(5)
    shape = (10, 40, 40)
    masks = [ndimage.gaussian_filter(rng.random(shape), (0.6, 2, 2)) for _ in range(2)]
    reference, prediction = (m > np.quantile(m, 0.9) for m in masks)
    prediction |= reference & (rng.random(shape) > 0.4)
    places = np.moveaxis(np.indices(shape), 0, -1)
    zones = (np.linalg.norm((places - (5, 20, 20)) * (3, 1, 1), axis=-1) // 7).astype(np.uint8)
    return reference, prediction, np.where(zones > 3, 0, (zones * 7) % 23)


def test_lesions_and_voxels_of_two_zones_by_hand() -> None:
    reference = boxes(np.s_[1:3, 2:6, 2:6], np.s_[4:6, 8:12, 8:14], np.s_[1:2, 1:3, 18:20])
    prediction = boxes(np.s_[1:3, 2:6, 2:4], np.s_[6:8, 15:18, 12:15])
    found = by_zone(reference, prediction, halves(), scheme=SCHEME)
    peripheral, transition, outside = found.regions
    assert [r.name for r in found.regions] == ["peripheral zone", "transition zone", "outside"]
    assert [r.value for r in found.regions] == [1, 2, 0]
    assert [r.n_voxels for r in found.regions] == [1600, 1280, 320]
    # The lesion over both zones has 2 of its 6 columns in the first and 4 in the second.
    assert peripheral.score("dice") == pytest.approx(2 * 16 / (32 + 16 + 16))
    assert peripheral.counts == LesionCounts(tp_reference=1, tp_prediction=1)
    assert transition.counts == LesionCounts(fn=1, fp=1)
    assert transition.score("dice") == 0
    assert transition.score("lesion_recall") == 0
    assert outside.counts == LesionCounts(fn=1)
    zones = [(lesion.zone, lesion.zone_fraction) for lesion in found.lesions]
    assert zones == [
        ("outside", 1.0),
        ("peripheral zone", 1.0),
        ("transition zone", pytest.approx(2 / 3)),
        ("peripheral zone", 1.0),
        ("transition zone", 1.0),
    ]


@pytest.mark.parametrize("name", ["medassist", "metrics_reloaded", "brats2023_gli", "surface_distance"])
def test_every_voxel_metric_is_that_of_masks_cut_by_hand(
    random_case: tuple[np.ndarray, np.ndarray, np.ndarray], name: str
) -> None:
    reference, prediction, zones = random_case
    convention = preset(name)
    metrics = tuple(
        s.name
        for s in METRICS
        # these count true negatives, which are those of the zone
        if isinstance(s, VoxelMetric)
        and s.name not in ("voxel_specificity", "balanced_accuracy", "cohen_kappa")
    )
    found = by_zone(reference, prediction, zones, convention=convention, metrics=metrics)
    assert [r.value for r in found.regions] == [*np.unique(zones)[1:], 0]
    for region in found.regions:
        inside = zones == region.value
        cut = evaluate(
            reference & inside,
            prediction & inside,
            SPACING,
            convention=convention,
            metrics=metrics,
        )
        for metric in metrics:
            assert region.score(metric) == pytest.approx(cut.score(metric), nan_ok=True), metric


def test_rates_count_the_true_negatives_of_the_zone(
    random_case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    reference, prediction, zones = random_case
    names = ("voxel_specificity", "balanced_accuracy", "cohen_kappa")
    found = by_zone(reference, prediction, zones, metrics=names)
    for region in found.regions:
        # The voxels of a zone in a row are an image of nothing but this zone.
        inside = zones == region.value
        first, second = (m[inside][None, None] for m in (reference, prediction))
        expected = voxel_scores(StagedCase(first, second, SPACING).masks(MEDASSIST), names)
        for name in names:
            assert region.score(name) == pytest.approx(expected[name])


def test_counts_of_the_zones_add_up_to_those_of_the_case(
    random_case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    reference, prediction, zones = random_case
    found = by_zone(reference, prediction, zones)
    assert sum((r.counts for r in found.regions), LesionCounts()) == found.counts
    assert sum(r.n_voxels or 0 for r in found.regions) == zones.size
    plain = evaluate(reference, prediction, SPACING)
    assert (plain.counts, plain.scores, plain.matches) == (found.counts, found.scores, found.matches)


def test_each_lesion_lies_where_most_of_its_voxels_do(
    random_case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    reference, prediction, zones = random_case
    found = by_zone(reference, prediction, zones)
    structure = np.ones((3, 3, 3))
    for side, mask in ((Side.REFERENCE, reference), (Side.PREDICTION, prediction)):
        labels, n = ndimage.label(mask, structure)
        assert n > 3
        for lesion in found.lesions_of(side):
            inside = zones[labels == labels[tuple(np.argwhere(labels == lesion.id)[0])]]
            values, numbers = np.unique(inside, return_counts=True)
            best = max(zip(numbers, values > 0, -values.astype(int), strict=True))
            expected = "outside" if best[2] == 0 else f"zone {-best[2]}"
            assert lesion.zone == expected
            assert lesion.zone_fraction == pytest.approx(best[0] / lesion.n_voxels)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (np.s_[8:12], ("zone 1", 0.5)),
        (np.s_[16:20], ("zone 2", 0.5)),
        (np.s_[17:20], ("outside", 2 / 3)),
    ],
    ids=["two zones", "zone and outside", "mostly outside"],
)
def test_ties_go_to_the_lower_value_and_to_a_zone_before_the_outside(
    columns: slice, expected: tuple[str, float]
) -> None:
    lesion = boxes(np.s_[2:4, 5:8, columns])
    (first, second) = by_zone(lesion, lesion, halves()).lesions
    assert (first.zone, first.zone_fraction) == (second.zone, second.zone_fraction)
    assert first.zone == expected[0]
    assert first.zone_fraction == pytest.approx(expected[1])


def test_a_zone_without_any_lesion_follows_the_rule_for_empty_masks() -> None:
    lesion = boxes(np.s_[2:4, 5:8, 2:4])
    regions = by_zone(lesion, lesion, halves()).regions
    assert isnan(regions[1].score("dice"))
    assert isnan(regions[1].score("lesion_recall"))
    best = MEDASSIST.with_changes(empty_overlap={"both": "best_if_both"})
    assert by_zone(lesion, lesion, halves(), convention=best).regions[1].score("dice") == 1


def test_no_lesion_at_all_and_a_map_without_zones() -> None:
    nothing = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    assert [r.value for r in by_zone(nothing, nothing, halves()).regions] == [1, 2, 0]
    (only,) = by_zone(nothing, nothing, nothing).regions
    assert only == PartEvaluation(0, "outside", only.scores, LesionCounts(), nothing.size)


def test_zones_that_fill_the_image_leave_no_outside() -> None:
    lesion = boxes(np.s_[2:4, 5:8, 2:4])
    assert [r.value for r in by_zone(lesion, lesion, np.ones_like(lesion)).regions] == [1]
    assert [r.value for r in by_zone(lesion, lesion, np.ones(lesion.shape, dtype=bool)).regions] == [1]


def test_large_values_are_zones_like_others() -> None:
    lesion = boxes(np.s_[2:4, 5:8, 2:4])
    zones = halves().astype(np.uint32) * 1_000_000
    small, large = by_zone(lesion, lesion, halves()), by_zone(lesion, lesion, zones)
    assert [r.value for r in large.regions] == [1_000_000, 2_000_000, 0]
    assert [r.counts for r in large.regions] == [r.counts for r in small.regions]
    assert count_values(zones) == {0: 320, 1_000_000: 1600, 2_000_000: 1280}


def test_names_come_from_the_scheme_then_from_the_map_and_are_told_apart() -> None:
    labels = LabelMap(array=halves(), geometry=GRID, scheme=SCHEME)
    assert dict(ZoneMap.of(labels, GRID.shape_zyx, GRID).names)[1] == "peripheral zone"
    alike = LabelScheme.from_names({1: "outside", 2: "left", 3: "left"})
    named = ZoneMap.of(labels, GRID.shape_zyx, GRID, scheme=alike).names
    assert named == {1: "outside (1)", 2: "left", 0: "outside"}
    partly = ZoneMap.of(labels, GRID.shape_zyx, GRID, scheme=LabelScheme.from_names({1: "left"})).names
    assert partly[2] == "zone 2"


def test_the_function_for_one_case_takes_zones() -> None:
    reference, prediction = boxes(np.s_[1:3, 2:6, 2:6]), boxes(np.s_[1:3, 2:6, 4:12])
    images = [LabelMap(array=values, geometry=GRID) for values in (reference, prediction)]
    zones = LabelMap(array=halves(), geometry=GRID, scheme=SCHEME)
    found = evaluate(*images, zones=zones)
    expected = by_zone(reference, prediction, halves(), scheme=SCHEME)
    assert found.regions == expected.regions
    assert [lesion.zone for lesion in found.lesions] == ["peripheral zone", "peripheral zone"]
    other = LabelScheme.from_names({1: "left", 2: "right"})
    bare = evaluate(reference, prediction, SPACING, zones=halves(), zone_scheme=other)
    assert [region.name for region in bare.regions] == ["left", "right", "outside"]
    moved = LabelMap(array=halves(), geometry=Geometry(GRID.shape_zyx, SPACING, (2.0, 0.0, 0.0)))
    with pytest.raises(GeometryMismatch, match="zone map"):
        evaluate(*images, zones=moved)


def test_a_zone_map_on_another_grid_is_refused_and_not_resampled() -> None:
    moved = Geometry(GRID.shape_zyx, SPACING, origin_lps_mm=(2.0, 0.0, 0.0))
    labels = LabelMap(array=halves(), geometry=moved)
    with pytest.raises(GeometryMismatch, match=r"zone map lies on .* corners up to 2.00 mm apart"):
        ZoneMap.of(labels, GRID.shape_zyx, GRID, tolerance_mm=0.5)
    ZoneMap.of(labels, GRID.shape_zyx, GRID, tolerance_mm=2.5)
    with pytest.raises(GeometryMismatch, match=r"7 x 20 x 20 voxels .* not 8 x 20 x 20"):
        ZoneMap.of(halves()[1:], GRID.shape_zyx)


@pytest.mark.parametrize("values", [halves() * 0.5, halves().astype(np.int8) * -1])
def test_values_that_are_no_zones(values: np.ndarray) -> None:
    with pytest.raises(InvalidImage, match="zone map"):
        ZoneMap.of(values, GRID.shape_zyx)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.uint32, np.int64])
@pytest.mark.parametrize("share", [0, 0.02, 1])
def test_values_are_counted_wherever_they_lie(dtype: type, share: float) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(1, 120, (9, 30, 31)).astype(dtype)
    values[rng.random(values.shape) >= share] = 0
    for turned in (values, values[::-1, :, ::-1], values.T):
        occurring, numbers = np.unique(turned, return_counts=True)
        expected = dict(zip(occurring.tolist(), numbers.tolist(), strict=True))
        assert count_values(turned) == expected
