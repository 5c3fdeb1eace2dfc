from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import LesionMatch
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.matching import graph
from napari_medassist.evaluation.matching.match import match as match_lesions
from napari_medassist.evaluation.rules import ExtractionRule, MatchingRule
from napari_medassist.metrics.lesion.matched import MatchedLesions
from napari_medassist.metrics.pair import MaskPair

FACES = ExtractionRule(connectivity=6)
MASKS = arrays(np.bool_, (4, 5, 6))


def match(reference: np.ndarray, prediction: np.ndarray, share: float = 0.1) -> MatchedLesions:
    pair = MaskPair.of(reference, prediction, (1, 1, 1))
    first, second = (find_lesions(pair, side, rule=FACES) for side in Side)
    rule = MatchingRule(threshold_reference=share, threshold_prediction=share)
    return match_lesions(first, second, rule, spacing_zyx_mm=(1, 1, 1))


@settings(deadline=None)
@given(MASKS, MASKS, st.sampled_from((0.1, 0.25, 0.5, 1.0)))
def test_it_equals_the_definition_lesion_by_lesion(
    reference: np.ndarray, prediction: np.ndarray, share: float
) -> None:
    matching = match(reference, prediction, share)
    for mask, other, fractions, verdicts in (
        (reference, prediction, matching.reference_fractions, matching.found),
        (prediction, reference, matching.prediction_fractions, matching.true),
    ):
        labels, count = ndimage.label(mask)
        expected = [(other & (labels == i)).sum() / (labels == i).sum() for i in range(1, count + 1)]
        assert fractions.tolist() == pytest.approx(expected)
        assert verdicts.tolist() == [f >= share for f in expected]


@settings(deadline=None)
@given(MASKS, MASKS)
def test_edges_hold_every_shared_voxel_once(reference: np.ndarray, prediction: np.ndarray) -> None:
    edges = match(reference, prediction).edges
    assert sum(edge.n_voxels for edge in edges) == (reference & prediction).sum()
    assert all(edge.n_voxels > 0 for edge in edges)
    assert len({(e.reference_id, e.prediction_id) for e in edges}) == len(edges)


def test_merge_and_split_are_seen_in_the_edges() -> None:
    two, one = np.zeros((2, 1, 1, 12), dtype=bool)
    two[..., 1:4] = two[..., 7:11] = True
    one[..., 1:11] = True
    assert match(two, one).edges == (
        LesionMatch(1, 1, 3, 3, 10, is_match=True),
        LesionMatch(2, 1, 4, 4, 10, is_match=True),
    )
    assert match(one, two).edges == (
        LesionMatch(1, 1, 3, 10, 3, is_match=True),
        LesionMatch(1, 2, 4, 10, 4, is_match=True),
    )
    assert (match(two, one).n_splits, match(two, one).n_merges) == (0, 1)
    assert (match(one, two).n_splits, match(one, two).n_merges) == (1, 0)


def test_the_share_is_inclusive() -> None:
    lesion, hit = np.zeros((2, 1, 1, 30), dtype=bool)
    lesion[..., :30] = True
    hit[..., :3] = True
    assert match(lesion, hit, 0.1).found.tolist() == [True]
    hit[..., 2] = False
    assert match(lesion, hit, 0.1).found.tolist() == [False]


def test_a_prediction_of_everything_finds_all_and_is_itself_false() -> None:
    reference = np.zeros((5, 10, 10), dtype=bool)
    reference[2, 2, 2] = reference[2, 7, 7] = True
    counts = match(reference, np.ones_like(reference)).counts
    assert (counts.tp_reference, counts.fn, counts.tp_prediction, counts.fp) == (2, 0, 0, 1)


def test_sets_of_different_crops_are_refused() -> None:
    mask = np.zeros((4, 4, 4), dtype=bool)
    mask[1, 1, 1] = True
    other = np.roll(mask, 1, axis=0)
    sets = [
        find_lesions(MaskPair.of(m, m, (1, 1, 1)), side, rule=ExtractionRule())
        for m, side in ((mask, Side.REFERENCE), (other, Side.PREDICTION))
    ]
    with pytest.raises(GeometryMismatch):
        match_lesions(*sets, MatchingRule(), spacing_zyx_mm=(1, 1, 1))


@settings(deadline=None, max_examples=60)
@given(MASKS, MASKS, st.sampled_from([0, 10**9]))
def test_overlaps_are_the_same_box_by_box_and_in_slabs(
    first: np.ndarray, second: np.ndarray, passes: int
) -> None:
    pair = MaskPair.of(first, second, (1, 1, 1))
    lesions = [find_lesions(pair, side, rule=FACES) for side in Side]
    labels = [ndimage.label(mask)[0] for mask in (first, second)]
    expected = np.zeros([len(side) for side in lesions], dtype=int)
    for one, other in np.argwhere(expected == 0):
        both = (labels[0] == one + 1) & (labels[1] == other + 1)
        expected[one, other] = np.count_nonzero(both)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "_PASSES_WORTH_BOXES", passes)
        found = graph.MatchGraph.of(*lesions, (1.0, 1.0, 1.0))
    assert (found.shared == expected).all()
