"""Outlines of an organ brought together: closest points, and a deformation between two surfaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_medassist.app.registering.aligning import Companions, Wish, align, remeasured
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.errors import Cancelled, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.landmarks import LandmarkPair
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.registration.closest_points import iterative_closest_points
from napari_medassist.registration.quality import jacobian_determinant
from napari_medassist.registration.resample import warped_numbers
from napari_medassist.registration.spec import Pair, checked
from napari_medassist.registration.start import Start, start_of
from tests.unit.registration.test_linear import IDENTITY, TILT, about_the_middle

FIXED = Geometry((22, 70, 70), (3.0, 1.0, 1.0), (-30.0, -35.0, -20.0), TILT)
MOVING = Geometry((60, 62, 64), (1.2, 1.2, 1.2), (-40.0, -36.0, -25.0), np.eye(3))
MIDDLE = FIXED.index_to_lps((np.array(FIXED.shape_zyx) - 1) / 2)
TURN = about_the_middle(np.array([[0.985, -0.174, 0], [0.174, 0.985, 0], [0, 0, 1.0]]), (3.0, 4.0, 2.0))


def organ(points_lps: np.ndarray, *, squeezed: float = 1.0) -> np.ndarray:
    """Return whether points lie in an organ that is no ball: half axes 22, 15 and 18 mm, and a lobe."""
    x, y, z = np.moveaxis(points_lps - MIDDLE, -1, 0)
    body = (x / 22) ** 2 + (y / (15 * squeezed)) ** 2 + (z / 18) ** 2 < 1
    return np.asarray(body | ((x - 12) ** 2 + (y + 12 * squeezed) ** 2 + (z - 6) ** 2 < 8**2))


def pair(turn: AffineTransform = IDENTITY, *, squeezed: float = 1.0) -> Pair:
    """Return images of noise with outlines: the moving organ is turned, and flatter."""
    rng = np.random.default_rng(0)
    fixed_mask = organ(FIXED.voxel_places_lps_mm())
    there = turn.inverse().transform_points(MOVING.voxel_places_lps_mm())
    moving_mask = organ(there, squeezed=squeezed)
    images = [
        Volume(rng.random(grid.shape_zyx, dtype=np.float32), grid, name=name)
        for grid, name in ((FIXED, "mr"), (MOVING, "us"))
    ]
    return checked(Pair(images[0], images[1], fixed_mask, moving_mask))


def dice(transform: Any, found: Pair) -> float:
    assert found.fixed_mask is not None
    assert found.moving_mask is not None
    numbers = found.moving_mask.astype(np.uint8)
    moved = warped_numbers(numbers, MOVING, transform, FIXED) > 0
    both = np.count_nonzero(moved & found.fixed_mask)
    return 2 * both / (np.count_nonzero(moved) + np.count_nonzero(found.fixed_mask))


def off_mm(found: Any, points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found.transform_points(points) - TURN.transform_points(points), axis=1)


def test_closest_points_lay_a_part_upon_the_whole() -> None:
    rng = np.random.default_rng(1)
    away = rng.normal(size=(3000, 3))
    surface = away / np.linalg.norm(away, axis=1, keepdims=True) * (22, 15, 10)
    part = TURN.transform_points(surface[surface[:, 0] > -5])
    found = iterative_closest_points(surface, part)
    off = np.linalg.norm(
        found.transform.transform_points(surface) - TURN.transform_points(surface), axis=1
    )
    assert off.max() < 0.5
    assert found.after_mm < 0.1 < found.before_mm
    again = iterative_closest_points(surface, part)
    assert again.transform == found.transform


def test_a_turned_organ_is_turned_back() -> None:
    made = pair(TURN)
    found = METHODS.get("outlines-rigid").run(made, start_of(made, Start.MASKS), lambda *_told: None)
    assert dice(found.transform, made) > 0.95
    inside = FIXED.voxel_places_lps_mm()[made.fixed_mask]
    off = np.linalg.norm(
        found.transform.transform_points(inside) - TURN.transform_points(inside), axis=1
    )
    assert off.mean() < 1.0


def test_a_flatter_organ_is_met_by_a_deformation_without_folds() -> None:
    made = pair(TURN, squeezed=0.75)
    start = start_of(made, Start.MASKS)
    rigid = METHODS.get("outlines-rigid").run(made, start, lambda *_told: None)
    found = METHODS.get("outlines").run(made, start, lambda *_told: None)
    assert dice(rigid.transform, made) < 0.93
    assert dice(found.transform, made) > 0.95
    assert found.after is not None
    assert found.before is not None
    assert found.after < 0.3 * found.before
    assert jacobian_determinant(found.transform, FIXED).min() > 0


def test_levels_grow_with_the_organ() -> None:
    """The same organ a fourth as large, e.g. of a mouse: the same map a fourth as large."""
    small = pair(TURN, squeezed=0.75)

    def shrunk(grid: Geometry) -> Geometry:
        z, y, x = (mm / 4 for mm in grid.spacing_zyx_mm)
        a, b, c = (mm / 4 for mm in grid.origin_lps_mm)
        return Geometry(grid.shape_zyx, (z, y, x), (a, b, c), grid.direction_lps)

    images = [Volume(v.array, shrunk(v.geometry), name=v.name) for v in (small.fixed, small.moving)]
    tiny = Pair(images[0], images[1], small.fixed_mask, small.moving_mask)
    found = [
        METHODS.get("outlines").run(p, start_of(p, Start.MASKS), lambda *_told: None).transform
        for p in (small, tiny)
    ]
    places = FIXED.voxel_places_lps_mm()[small.fixed_mask][::50]
    off = 4 * found[1].transform_points(places / 4) - found[0].transform_points(places)
    assert np.linalg.norm(off, axis=1).mean() < 0.6


def test_there_and_back_both_outlines_go_along() -> None:
    made = pair(TURN)
    companions = Companions(fixed_mask=made.fixed_mask, moving_mask=made.moving_mask)
    aligned = align(made.fixed, made.moving, Wish("outlines-rigid", Start.MASKS), companions)
    assert aligned.quality.way_back_mm is not None
    assert aligned.quality.way_back_mm[1] < 2.0


def test_some_slices_find_their_place_whichever_image_has_them_and_do_not_deform() -> None:
    made = pair(TURN)
    assert made.fixed_mask is not None
    assert made.moving_mask is not None
    few = made.fixed_mask.copy(), made.moving_mask.copy()
    few[0][np.arange(len(few[0])) % 4 != 1] = False
    few[1][np.arange(len(few[1])) % 9 != 4] = False
    inside = FIXED.voxel_places_lps_mm()[made.fixed_mask]
    for masks in ((few[0], made.moving_mask), (made.fixed_mask, few[1])):
        sparse = replace(made, fixed_mask=masks[0], moving_mask=masks[1])
        found = METHODS.get("outlines-rigid").run(sparse, IDENTITY, lambda *_told: None)
        assert off_mm(found.transform, inside).mean() < 2.0
        with pytest.raises(InvalidImage, match="leaves out slices"):
            METHODS.get("outlines").run(sparse, IDENTITY, lambda *_told: None)


def test_without_outlines_or_with_hardly_any_it_says_so() -> None:
    made = pair()
    with pytest.raises(InvalidSetting, match="a mask of the organ"):
        align(made.fixed, made.moving, Wish("outlines"))
    speck = np.zeros(FIXED.shape_zyx, bool)
    speck[4, 4:9, 4:9] = True
    few = Pair(made.fixed, made.moving, speck, made.moving_mask)
    with pytest.raises(InvalidImage, match="25 voxels"):
        METHODS.get("outlines").run(few, IDENTITY, lambda *_told: None)


def test_it_can_be_cancelled() -> None:
    made = pair(squeezed=0.75)

    def stop(done: int, _total: int, _message: str) -> None:
        if done > 40:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        METHODS.get("outlines").run(made, start_of(made, Start.MASKS), stop)


def test_landmarks_within_tell_how_a_round_organ_is_turned() -> None:
    """An outline of a ball fits in every turn; three places in it do not."""
    matrix = np.array([[0.94, -0.342, 0], [0.342, 0.94, 0], [0, 0, 1.0]])
    turn = about_the_middle(matrix, (1.0, 2.0, 0.0))
    rng = np.random.default_rng(0)
    images = [
        Volume(rng.random(grid.shape_zyx, dtype=np.float32), grid, name=name)
        for grid, name in ((FIXED, "mr"), (MOVING, "us"))
    ]
    middles = MIDDLE, turn.transform_points(MIDDLE)
    masks = [
        np.linalg.norm(grid.voxel_places_lps_mm() - middle, axis=-1) < 18
        for grid, middle in zip((FIXED, MOVING), middles, strict=True)
    ]
    places = MIDDLE + np.array([[10.0, 0, 2], [-6, 8, -4], [-5, -9, 3], [0, 3, 9]])
    fixed_to_moving = [
        LandmarkPair(f"place {k}", tuple(p.tolist()), tuple(turn.transform_points(p).tolist()))
        for k, p in enumerate(places)
    ]
    guides, other = tuple(fixed_to_moving[:3]), fixed_to_moving[3]
    companions = Companions((), guides, masks[0], masks[1])
    wish = Wish("outlines", Start.MASKS, both_ways=False)
    plain, guided = (
        align(images[0], images[1], replace(wish, guided=is_guided), companions)
        for is_guided in (False, True)
    )
    errors = [
        np.linalg.norm(a.transform.transform_points(places) - turn.transform_points(places), axis=1)
        for a in (plain, guided)
    ]
    assert errors[1][:3].mean() < 0.6 * errors[0][:3].mean()
    assert plain.quality.targets is not None
    assert plain.quality.targets.n_guides == 0
    told = [reason.text for reason in guided.verdict.reasons]
    assert any("3 landmarks that guided" in text for text in told)
    assert any("was not measured" in text for text in told)
    again = remeasured(guided, (*guides, other))
    assert again.quality.targets is not None
    assert again.quality.targets.n_guides == 3
    np.testing.assert_allclose(again.quality.targets.mean_after.value, errors[1][3], atol=1e-6)
    with pytest.raises(InvalidSetting, match="cannot guide 'rigid'"):
        align(images[0], images[1], Wish("rigid", guided=True), companions)
    with pytest.raises(InvalidSetting, match="no landmarks"):
        align(images[0], images[1], replace(wish, guided=True), replace(companions, landmarks=()))
