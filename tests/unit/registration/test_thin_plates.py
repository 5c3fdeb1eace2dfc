"""Maps that landmarks alone decide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from napari_medassist.app.registering.aligning import Companions, Wish, align, remeasured
from napari_medassist.app.registering.verdict import Light
from napari_medassist.core.errors import Cancelled, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.landmarks import LandmarkPair
from napari_medassist.core.transform import AffineTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.registration.start import from_landmarks
from napari_medassist.registration.thin_plates import ThinPlateSpline, left_out_errors_mm
from tests.unit.registration.test_linear import TILT, about_the_middle

FIXED = Geometry((12, 40, 44), (3.0, 1.0, 1.0), (-30.0, -35.0, -20.0), TILT)
MOVING = Geometry((30, 30, 30), (1.5, 1.5, 1.5), (-36.0, -40.0, -26.0), np.eye(3))
TURN = about_the_middle(np.array([[0.985, -0.174, 0], [0.174, 0.985, 0], [0, 0, 1.0]]), (3.0, 4.0, 2.0))


def places(n: int, seed: int = 0) -> np.ndarray:
    share = np.random.default_rng(seed).random((n, 3))
    return np.asarray(FIXED.index_to_lps(share * (np.array(FIXED.shape_zyx) - 1)))


def bent(points: np.ndarray) -> np.ndarray:
    """Return where a smooth deformation of some mm takes points."""
    x, y, z = np.moveaxis(points, -1, 0)
    return points + np.stack([2 * np.sin(y / 15), 1.5 * np.cos(z / 12), 1.5 * np.sin(x / 18)], axis=-1)


def images() -> tuple[Volume, Volume]:
    rng = np.random.default_rng(1)
    fixed, moving = (
        Volume(rng.random(grid.shape_zyx, dtype=np.float32), grid, name=name)
        for grid, name in ((FIXED, "mr"), (MOVING, "us"))
    )
    return fixed, moving


def pairs(fixed: np.ndarray, moving: np.ndarray) -> tuple[LandmarkPair, ...]:
    return tuple(
        LandmarkPair(str(k), tuple(a.tolist()), tuple(b.tolist()))
        for k, (a, b) in enumerate(zip(fixed, moving, strict=True))
    )


def test_the_spline_is_that_of_scipy() -> None:
    centres, elsewhere = places(9), places(50, seed=1)
    moving = bent(centres)
    theirs = RBFInterpolator(centres, moving, kernel="linear", degree=1)
    found = ThinPlateSpline.through(centres, moving)
    np.testing.assert_allclose(found.transform_points(elsewhere), theirs(elsewhere), atol=1e-8)
    np.testing.assert_allclose(found.transform_points(centres), moving, atol=1e-8)


def test_an_affine_map_comes_back_everywhere() -> None:
    sheared = AffineTransform.from_matrix(
        [[1.1, 0.05, 0, 3], [0, 0.95, 0.02, -2], [0.01, 0, 1.03, 5], [0, 0, 0, 1]]
    )
    found = ThinPlateSpline.through(places(6), sheared.transform_points(places(6)))
    far = places(20, seed=2) * 4
    np.testing.assert_allclose(found.transform_points(far), sheared.transform_points(far), atol=1e-8)


def test_many_points_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ThinPlateSpline.through(places(7), bent(places(7)))
    many = places(101, seed=3)
    whole = found.transform_points(many)
    monkeypatch.setattr("napari_medassist.registration.thin_plates._VALUES_AT_ONCE", 70)
    np.testing.assert_allclose(found.transform_points(many), whole, rtol=1e-12)


@pytest.mark.parametrize(
    ("fixed", "told"),
    [
        (places(3), "at least 4 pairs"),
        (places(6) @ np.diag([1, 1, 0]), "in a plane"),
        (np.repeat(places(3), 2, axis=0), "same place"),
    ],
)
def test_landmarks_that_decide_no_spline_are_refused(fixed: np.ndarray, told: str) -> None:
    with pytest.raises(InvalidSetting, match=told):
        ThinPlateSpline.through(fixed, fixed + 1)


def test_each_landmark_is_left_out_in_turn() -> None:
    fixed = places(30)
    moving = bent(fixed)
    errors = left_out_errors_mm(fixed, moving, ThinPlateSpline.through)
    assert errors is not None
    others = ThinPlateSpline.through(fixed[1:], moving[1:])
    off = others.transform_points(fixed[0]) - moving[0]
    assert errors[0] == pytest.approx(np.linalg.norm(off))
    rigid = left_out_errors_mm(fixed, moving, from_landmarks)
    assert rigid is not None
    assert errors.mean() < 0.7 * rigid.mean()  # what bends is found by what bends
    assert left_out_errors_mm(fixed[:4], moving[:4], ThinPlateSpline.through) is None


def test_landmarks_align_and_are_judged_by_being_left_out() -> None:
    fixed = places(14)
    moving = TURN.transform_points(bent(fixed))
    known = pairs(fixed, moving)
    made = align(*images(), Wish("landmarks"), Companions(landmarks=known))
    assert isinstance(made.transform, DisplacementField)
    assert made.quality.targets is not None
    assert made.quality.targets.n_measured == 0
    assert made.quality.targets.left_out is not None
    assert max(made.quality.targets.after_mm) < 0.3  # between voxels the field is interpolated
    elsewhere = places(200, seed=5)
    off = made.transform.transform_points(elsewhere) - TURN.transform_points(bent(elsewhere))
    truth = np.linalg.norm(off, axis=1).mean()
    assert 0.5 * truth < made.quality.targets.left_out.value < 3 * truth
    told = [reason.text for reason in made.verdict.reasons]
    assert any("each left out in turn" in text for text in told)
    assert not any("tells nothing" in text or "not measured" in text for text in told)


def test_the_rigid_map_is_found_and_the_way_back_agrees() -> None:
    fixed = places(5)
    known = pairs(fixed, TURN.transform_points(fixed))
    made = align(*images(), Wish("landmarks-rigid"), Companions(landmarks=known))
    assert made.quality.way_back_mm is not None
    assert made.quality.way_back_mm[1] < 1e-6
    assert isinstance(made.transform, AffineTransform)
    assert made.transform.is_rigid
    off = made.transform.transform_points(fixed) - TURN.transform_points(fixed)
    assert np.abs(off).max() < 0.02  # the turn is orthonormal to three digits only


def test_a_wrong_pair_makes_the_light_red() -> None:
    fixed = places(6)
    moving = TURN.transform_points(fixed)
    moving[2] += (25.0, 0.0, 0.0)
    made = align(*images(), Wish("landmarks"), Companions(landmarks=pairs(fixed, moving)))
    [reason] = [r for r in made.verdict.reasons if "each left out" in r.text]
    assert reason.light is Light.RED


def test_landmarks_added_later_measure() -> None:
    fixed, later = places(6), places(3, seed=9)
    known = pairs(fixed, TURN.transform_points(fixed))
    made = align(*images(), Wish("landmarks-rigid", both_ways=False), Companions(landmarks=known))
    more = (*known, *pairs(later, TURN.transform_points(later) + np.array([0, 0, 3.0])))
    again = remeasured(made, more).quality.targets
    assert again is not None
    assert again.n_measured == 3
    assert again.mean_after.value == pytest.approx(3.0, abs=0.02)
    assert again.left_out is not None


def test_without_landmarks_it_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="no landmarks"):
        align(*images(), Wish("landmarks"))


def test_it_stops_when_it_is_told_to() -> None:
    def stop(*_told: object) -> None:
        raise Cancelled("stopped")

    spline = ThinPlateSpline.through(places(5), bent(places(5)))
    with pytest.raises(Cancelled):
        spline.on(FIXED, stop)
