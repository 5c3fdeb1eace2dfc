"""Candidates of a detection model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.app.candidates import (
    LEAST_CONFIDENCE,
    candidates_in,
    rule_for,
    with_candidates,
    within_organ,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.models.prediction import Prediction

GRID = Geometry((8, 30, 30), (3.0, 1.0, 1.0), (-15.0, -15.0, -12.0), np.eye(3))


def bump(centre: tuple[int, int, int], peak: float) -> np.ndarray:
    places = np.indices(GRID.shape_zyx)
    step = np.array(GRID.spacing_zyx_mm).reshape(3, 1, 1, 1)
    offset = (places - np.array(centre).reshape(3, 1, 1, 1)) * step
    return (peak * np.exp(-(offset**2).sum(axis=0) / 18)).astype(np.float32)


def prediction(probability: np.ndarray, image: Geometry) -> Prediction:
    volume = Volume.from_stored(
        np.zeros(image.shape_zyx, np.float32), image, acquisition=Acquisition(modality=Modality.MR)
    )
    both = np.stack([1 - probability, probability]).astype(np.float32)
    return Prediction(LabelMap.on(volume, name="x"), (), {}, 1, both, GRID)


def test_the_surest_comes_first_and_a_faint_one_has_a_label_too() -> None:
    values = np.maximum(bump((4, 8, 8), 0.35), bump((4, 20, 20), 0.9))
    labels, confidences = candidates_in(values, rule_for(3.0))
    assert confidences == pytest.approx((0.9, 0.35), abs=1e-6)
    assert labels[4, 20, 20] == 1
    assert labels[4, 8, 8] == 2
    # Each is cut at its own share of its own highest value, as PI-CAI does it.
    for value, peak in ((1, 0.9), (2, 0.35)):
        assert values[labels == value].min() >= peak / 2.5 - 1e-6


def test_small_and_unsure_ones_are_none() -> None:
    single = np.zeros(GRID.shape_zyx, np.float32)
    single[4, 5, 5] = 0.9
    assert candidates_in(single, rule_for(3.0))[1] == ()
    assert candidates_in(bump((4, 8, 8), LEAST_CONFIDENCE - 0.01), rule_for(3.0))[1] == ()
    assert candidates_in(np.zeros(GRID.shape_zyx, np.float32), rule_for(3.0))[1] == ()


def test_candidates_come_to_the_grid_of_the_image_with_names_and_probability() -> None:
    fine = Geometry((16, 60, 60), (1.5, 0.5, 0.5), (-15.2, -15.2, -12.7), np.eye(3))
    values = np.maximum(bump((4, 8, 8), 0.35), bump((4, 20, 20), 0.9))
    made = with_candidates(prediction(values, fine))
    array = np.asarray(made.labels.array)
    assert made.confidences == pytest.approx((0.9, 0.35), abs=1e-6)
    assert [label.name for label in made.labels.scheme.labels] == [
        "Candidate 1 (0.90)",
        "Candidate 2 (0.35)",
    ]
    truth, _ = candidates_in(values, rule_for(3.0))
    for value in (1, 2):
        there = np.argwhere(array == value).mean(axis=0)
        wanted = np.argwhere(truth == value).mean(axis=0)
        offset = made.labels.geometry.index_to_lps(there) - GRID.index_to_lps(wanted)
        assert np.linalg.norm(offset) < 0.6
        assert np.count_nonzero(array == value) * 0.375 == pytest.approx(
            np.count_nonzero(truth == value) * 3.0, rel=0.15
        )
    assert made.lesion_probability is not None
    # Interpolated between slices 3 mm apart, the highest value is a little lower.
    assert 0.75 < made.lesion_probability.array.max() <= 0.9


def test_a_candidate_between_the_voxels_of_the_image_is_told_and_the_rest_keep_their_order() -> None:
    """Of slices 24 mm apart, one holds the fainter candidate and none the surer one."""
    sparse = Geometry((2, 30, 30), (18.0, 1.0, 1.0), (-15.0, -15.0, -12.0), np.eye(3))
    values = np.maximum(bump((6, 8, 8), 0.5), bump((3, 20, 20), 0.9))
    values[5:, 20, 20] = 0
    made = with_candidates(prediction(values, sparse))
    assert made.confidences == pytest.approx((0.5,), abs=1e-6)
    assert set(np.unique(made.labels.array)) == {0, 1}
    assert any("1 candidate(s) lie between" in told for told in made.warnings)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 5))
def test_every_candidate_has_voxels_its_confidence_and_a_place_in_the_order(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    values = np.zeros(GRID.shape_zyx, np.float32)
    for _ in range(n):
        centre = tuple(int(random.integers(0, size)) for size in GRID.shape_zyx)
        values = np.maximum(values, bump(centre, float(random.uniform(0, 1))))
    labels, confidences = candidates_in(values, rule_for(3.0))
    assert list(confidences) == sorted(confidences, reverse=True)
    assert labels.max(initial=0) == len(confidences)
    for value, confidence in enumerate(confidences, start=1):
        assert values[labels == value].max() == pytest.approx(confidence)
        assert np.count_nonzero(labels == value) >= 10


def test_candidates_beyond_the_organ_are_left_out_and_counted() -> None:
    values = np.maximum(bump((4, 8, 8), 0.9), bump((4, 22, 22), 0.5))
    made = with_candidates(prediction(values, GRID))
    organ = np.zeros(GRID.shape_zyx, np.uint8)
    organ[2:7, 18:27, 18:27] = 2
    outline = LabelMap.on(made.labels, organ, name="outline")
    kept = within_organ(made, outline)
    assert kept.confidences == pytest.approx((0.5,), abs=1e-6)
    assert np.asarray(kept.labels.array)[4, 22, 22] == 1
    assert np.asarray(kept.labels.array)[4, 8, 8] == 0
    assert [label.name for label in kept.labels.scheme.labels] == ["Candidate 1 (0.50)"]
    assert kept.warnings == ("1 candidate(s) beyond what outline outlines were left out.",)
    # One that lies a little outside stays: outlines are not exact.
    organ[:] = 0
    organ[2:7, 24:29, 18:27] = 1
    beside = within_organ(made, LabelMap.on(made.labels, organ, name="outline"))
    assert beside.confidences == pytest.approx((0.5,), abs=1e-6)
    empty = within_organ(made, LabelMap.on(made.labels, name="outline"))
    assert empty.confidences == made.confidences
    assert "found no organ" in empty.warnings[-1]
