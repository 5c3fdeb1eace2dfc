from __future__ import annotations

import numpy as np

from napari_medassist.models.card import Activation, Decision
from napari_medassist.models.decisions import decide, kept_largest, probabilities, uncertainty


def test_softmax_takes_the_likeliest_class() -> None:
    logits = np.zeros((3, 2, 2, 2), dtype=np.float32)
    logits[2, 0] = 3
    logits[1, 1] = 3
    labels, shares = decide(logits, Decision(keeps_largest=False))
    np.testing.assert_allclose(shares, probabilities(logits, Activation.SOFTMAX)[1:])
    assert labels[0].min() == 2
    assert labels[1].max() == 1


def test_a_sigmoid_is_cut_at_its_threshold() -> None:
    at = np.array([0.5, 0.549, 0.551, 0.9])
    logits = np.log(at / (1 - at)).astype(np.float32).reshape(1, 1, 1, 4)
    decision = Decision(Activation.SIGMOID, threshold=0.55, keeps_largest=False)
    labels, shares = decide(logits, decision)
    assert labels.ravel().tolist() == [0, 0, 1, 1]
    assert (shares[0].ravel() > 0.5).tolist() == [False, False, True, True]
    np.testing.assert_allclose(probabilities(logits, Activation.SIGMOID).ravel(), at, atol=1e-6)


def test_the_largest_part_stays_and_its_hole_takes_the_label_beside() -> None:
    labels = np.zeros((7, 9, 20), dtype=np.uint8)
    labels[1:6, 1:8, 1:8] = 1
    labels[1:6, 1:8, 5:8] = 2
    labels[3, 4, 6] = 0  # a hole within label 2
    labels[3, 4, 15] = 1  # another part
    kept = kept_largest(labels)
    assert kept[3, 4, 15] == 0
    assert kept[3, 4, 6] == 2
    assert np.count_nonzero(kept) == 5 * 7 * 7


def test_what_is_taken_away_has_no_share_and_what_is_filled_has_all() -> None:
    logits = np.full((2, 5, 9, 20), 0.0, dtype=np.float32)
    logits[1] = -4
    logits[1, 1:4, 1:8, 1:8] = 4
    logits[1, 2, 4, 4] = -4  # a hole
    logits[1, 2, 4, 15] = 4  # another part
    labels, shares = decide(logits, Decision())
    assert labels[2, 4, 4] == 1
    assert labels[2, 4, 15] == 0
    assert shares[0, 2, 4, 4] == 1
    assert shares[0, 2, 4, 15] == 0
    assert 0 < shares[0, 0, 0, 0] < 0.5


def test_nothing_stays_nothing() -> None:
    assert not kept_largest(np.zeros((3, 3, 3), np.uint8)).any()


def test_probabilities_of_classes_add_up() -> None:
    logits = np.random.default_rng(0).normal(0, 40, (4, 2, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(probabilities(logits, Activation.SOFTMAX).sum(axis=0), 1, atol=1e-5)


def test_uncertainty_is_0_where_it_is_sure_and_1_where_it_might_draw_lots() -> None:
    even = np.full((3, 1, 1, 1), 1 / 3, dtype=np.float32)
    sure = np.array([1, 0, 0], dtype=np.float32).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(uncertainty(even), 1, atol=1e-6)
    np.testing.assert_allclose(uncertainty(sure), 0, atol=1e-6)
    half, none = (np.full((1, 1, 1, 1), p, dtype=np.float32) for p in (0.5, 0.0))
    np.testing.assert_allclose(uncertainty(half), 1, atol=1e-6)
    np.testing.assert_allclose(uncertainty(none), 0, atol=1e-6)
