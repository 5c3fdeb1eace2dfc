"""How every registered metric changes, or not, when two maps are moved, turned, scaled or swapped.

All of them are computed by one evaluation, so that a new metric is asked too; who is an exception is
named here with the reason.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import Convention, preset
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Better

#: Of voxels that are equally near to two lesions the lower number decides, and turning renumbers.
TIES_BY_NUMBER = {"cc_dice", "cc_dice_voxels"}
#: These ask about the background too, and so about the field of view.
OF_THE_BACKGROUND = {
    "voxel_specificity",
    "balanced_accuracy",
    "cohen_kappa",
    "brier",
    "ece",
    "voxel_auroc",
}
SWAPPED = {
    "voxel_sensitivity": "voxel_precision",
    "volume_reference_ml": "volume_prediction_ml",
    "lesion_recall": "lesion_precision",
}
SWAPPED |= {value: key for key, value in SWAPPED.items()}
#: These call one side the reference: a rate of its background, a share of its volume, its regions.
ONE_SIDED = {"voxel_specificity", "balanced_accuracy", "relative_volume_difference", *TIES_BY_NUMBER}
ONE_SIDED |= {"lesion_dice", "lesion_hd95_mm"}

#: Where numbers of lesions settle nothing: pairs are unique, or nothing is paired.
CONVENTIONS = {
    name: preset(name).with_changes(
        extraction={"from_probability": "threshold", "threshold": 0.5},
        empty_distance={"worst_distance_mm": 100.0},
    )
    for name in ("medassist", "metrics_reloaded", "surface_distance", "medpy")
}
SPACINGS = st.tuples(*[st.sampled_from((0.5, 0.75, 1.0, 3.0))] * 3)
NAMES = st.sampled_from(tuple(CONVENTIONS))

metamorphic = settings(max_examples=25, deadline=None)
Maps = tuple[NDArray[np.bool_], NDArray[np.float64]]


@st.composite
def maps(draw: st.DrawFn) -> Maps:
    """Return a reference and probabilities with lesions of one to many voxels, or with none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(2, 8)] * 3))
    share = draw(st.sampled_from((0.0, 0.1, 0.4)))
    reference = rng.random(shape) < share
    probability = np.where(reference, rng.random(shape), 0.55 * rng.random(shape))
    return reference, probability.round(3)


def scores(maps: Maps, spacing: tuple[float, ...], convention: Convention) -> dict[str, float]:
    return dict(evaluated(maps, spacing, convention).scores)


def evaluated(maps: Maps, spacing: tuple[float, ...], convention: Convention) -> CaseEvaluation:
    return evaluate(*maps, spacing, kind="probability", convention=convention, metrics=METRICS.names())


def same(expected: dict[str, float]) -> object:
    return pytest.approx(expected, nan_ok=True, rel=1e-9, abs=1e-9)


def padded(maps: Maps, width: int) -> Maps:
    reference, probability = (np.pad(one, width) for one in maps)
    return reference, probability


def without(found: dict[str, float], names: set[str]) -> dict[str, float]:
    return {name: value for name, value in found.items() if name not in names}


def test_every_metric_is_computed_and_every_exception_exists() -> None:
    found = scores((np.ones((2, 2, 2), bool), np.ones((2, 2, 2))), (1, 1, 1), CONVENTIONS["medassist"])
    assert set(found) == set(METRICS.names())
    assert (ONE_SIDED | OF_THE_BACKGROUND | set(SWAPPED)) <= set(found)


@metamorphic
@given(maps(), SPACINGS, NAMES, st.tuples(*[st.integers(0, 4)] * 3))
def test_the_place_does_not_matter(maps, spacing, name, shift) -> None:
    here = padded(maps, 4)
    there = tuple(np.roll(one, shift, axis=(0, 1, 2)) for one in here)
    assert scores(there, spacing, CONVENTIONS[name]) == same(scores(here, spacing, CONVENTIONS[name]))


@metamorphic
@given(maps(), SPACINGS, NAMES)
def test_more_background_does_not_matter(maps, spacing, name) -> None:
    few, many = (scores(padded(maps, width), spacing, CONVENTIONS[name]) for width in (1, 5))
    assert without(many, OF_THE_BACKGROUND) == same(without(few, OF_THE_BACKGROUND))


@metamorphic
@given(maps(), SPACINGS, NAMES, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_flips_and_axis_orders_do_not_matter(maps, spacing, name, order, flips) -> None:
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    turned = tuple(one[steps].transpose(order) for one in maps)
    turned_spacing = tuple(spacing[axis] for axis in order)
    convention = CONVENTIONS[name]
    expected = without(scores(maps, spacing, convention), TIES_BY_NUMBER)
    found = scores(turned, turned_spacing, convention)
    assert without(found, TIES_BY_NUMBER) == same(expected)


@metamorphic
@given(maps(), SPACINGS, NAMES, st.sampled_from((0.25, 2.0, 8.0)))
def test_distances_and_volumes_scale_with_the_spacing(maps, spacing, name, factor) -> None:
    convention = CONVENTIONS[name]
    surface, empty = convention.surface, convention.empty_distance
    larger = replace(
        convention,
        surface=replace(
            surface,
            tolerance_mm=surface.tolerance_mm * factor,
            boundary_width_mm=surface.boundary_width_mm * factor,
        ),
        empty_distance=replace(empty, worst_distance_mm=empty.worst_distance_mm * factor),
    )
    expected = scores(maps, spacing, convention)
    for metric, value in expected.items():
        unit = METRICS.get(metric).unit
        expected[metric] = value * {"mm": factor, "ml": factor**3, "": 1.0}[unit]
    assert scores(maps, tuple(factor * s for s in spacing), larger) == same(expected)


@metamorphic
@given(maps(), SPACINGS, NAMES)
def test_swapping_the_sides_swaps_what_is_of_one_side(maps, spacing, name) -> None:
    masks = maps[0], maps[1] >= 0.5
    convention = CONVENTIONS[name]
    # What an empty side is worth may differ between the sides, by the convention.
    if not (masks[0].any() and masks[1].any()):
        return
    one, other = (scores((a, b.astype(float)), spacing, convention) for a, b in (masks, masks[::-1]))
    of_maps = {"brier", "ece", "soft_dice", "voxel_auroc"}
    for metric in set(one) - ONE_SIDED - of_maps:
        assert other[SWAPPED.get(metric, metric)] == pytest.approx(one[metric], nan_ok=True), metric


@metamorphic
@given(maps(), SPACINGS, st.sampled_from((0.05, 0.1, 0.5)))
def test_recall_of_the_asymmetric_rule_never_falls_when_the_prediction_grows(
    maps, spacing, share
) -> None:
    convention = CONVENTIONS["medassist"].with_changes(matching={"threshold_reference": share})
    reference, probability = maps
    found = [
        evaluated((reference, (probability >= t).astype(float)), spacing, convention).tp_reference
        for t in (0.8, 0.5, 0.3, 0.0)
    ]
    assert found == sorted(found)
    assert found[-1] == evaluated(maps, spacing, convention).n_reference_lesions


@metamorphic
@given(maps(), SPACINGS)
def test_a_perfect_prediction_is_the_best_that_there_is(maps, spacing) -> None:
    reference = maps[0]
    if not reference.any() or reference.all():
        return
    perfect = scores((reference, reference.astype(float)), spacing, CONVENTIONS["medassist"])
    found = scores(maps, spacing, CONVENTIONS["medassist"])
    for metric, value in perfect.items():
        better = METRICS.get(metric).better
        if better is Better.HIGHER:
            assert value == pytest.approx(1.0), metric
            assert not found[metric] > value + 1e-9
        elif better is Better.LOWER:
            assert value == pytest.approx(0.0, abs=1e-12), metric
