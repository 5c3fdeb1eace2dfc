"""Rigid and affine registration: known maps are found, with the same bits; bad input is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.errors import Cancelled, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.registration.resample import warped
from napari_medassist.registration.spec import Pair, checked, overlap_share
from napari_medassist.registration.start import Start, from_landmarks, start_of
from tests.strategies import oblique

TILT = oblique(np.eye(3), (6.0, 4.0, -9.0))
GRID = Geometry((14, 90, 84), (3.5, 0.9, 0.9), (-40.0, -35.0, -20.0), TILT)
IDENTITY = AffineTransform.identity()


def about_the_middle(matrix: np.ndarray, shift: Any, grid: Geometry = GRID) -> AffineTransform:
    middle = grid.index_to_lps((np.asarray(grid.shape_zyx) - 1) / 2)
    whole = np.eye(4)
    whole[:3, :3] = matrix
    whole[:3, 3] = middle - matrix @ middle + np.asarray(shift)
    return AffineTransform.from_matrix(whole)


TURN = about_the_middle(oblique(np.eye(3), (5.0, -4.0, 6.0)), (4.0, -5.0, 3.0))


def blobs(grid: Geometry = GRID, seed: int = 0) -> Volume:
    """An image of tissue-like blobs, the same in the patient on whatever grid."""
    numbers = np.random.default_rng(seed)
    places = grid.voxel_places_lps_mm()
    middle = GRID.index_to_lps((np.asarray(GRID.shape_zyx) - 1) / 2)
    values = np.full(grid.shape_zyx, 60.0)
    for _ in range(25):
        at = middle + numbers.uniform(-1, 1, 3) * (28, 28, 18)
        form = numbers.uniform(4, 11, 3)
        values += numbers.uniform(30, 160) * np.exp(-(((places - at) / form) ** 2).sum(axis=-1))
    values += 3 * np.random.default_rng(seed + 1).standard_normal(grid.shape_zyx)
    return Volume(values.astype(np.float32), grid, name="blobs")


def moved(image: Volume, true: AffineTransform, onto: Geometry) -> Volume:
    """Return the moving image that a true map (fixed to moving) leads to."""
    return replace(warped(image, true.inverse(), onto), name="moving")


def error_mm(found: Any, true: AffineTransform) -> float:
    points = GRID.voxel_places_lps_mm()[::3, ::12, ::12].reshape(-1, 3)
    return float(
        np.linalg.norm(found.transform_points(points) - true.transform_points(points), axis=1).mean()
    )


def run(name: str, pair: Pair, start: AffineTransform = IDENTITY, **more: Any) -> Any:
    return METHODS.get(name).run(checked(pair), start, more.get("progress", lambda *_parts: None))


RIGID = pytest.mark.parametrize("name", ["rigid", "rigid-information"])


@RIGID
def test_a_rigid_map_is_found_on_another_grid_and_in_inverted_contrast(name: str) -> None:
    other = Geometry((60, 60, 18), (1.2, 1.3, 3.0), (-38.0, -36.0, -25.0), np.eye(3))
    fixed = blobs()
    moving = moved(blobs(seed=0), TURN, other)
    inverted = replace(moving, array=500 - np.asarray(moving.array))
    assert error_mm(IDENTITY, TURN) > 6
    for image in (moving, inverted):
        found = run(name, Pair(fixed, image))
        assert found.transform.is_rigid
        assert error_mm(found.transform, TURN) < 0.9  # a pixel; slices are 3.5 mm
        assert found.after < found.before
        assert found.n_iterations > 10


@RIGID
def test_the_same_input_gives_the_same_bits(name: str) -> None:
    pair = Pair(blobs(), moved(blobs(), TURN, GRID))
    first, second, third = (run(name, pair).transform.matrix_lps for _ in range(3))
    assert first == second == third


@pytest.mark.parametrize("by", ["", "-information"])
def test_an_affine_map_is_found(by: str) -> None:
    true = about_the_middle(
        oblique(np.eye(3), (3.0, 2.0, -4.0)) @ np.array([[1.06, 0.03, 0], [0, 0.95, 0], [0, 0, 1.04]]),
        (2.0, 3.0, -1.0),
    )
    pair = Pair(blobs(), moved(blobs(), true, GRID))
    rigid, affine = (run(name + by, pair).transform for name in ("rigid", "affine"))
    assert error_mm(affine, true) < 0.6 < error_mm(rigid, true)


@RIGID
def test_a_mask_leaves_out_what_moves_by_itself(name: str) -> None:
    fixed, moving = blobs(), moved(blobs(), TURN, GRID)
    array = np.array(moving.array)
    array[:, :30] = blobs(seed=9).array[:, :30]
    mask = np.zeros(GRID.shape_zyx, dtype=bool)
    mask[:, 38:] = True
    found = run(name, Pair(fixed, replace(moving, array=array), fixed_mask=mask))
    assert error_mm(found.transform, TURN) < 1.0


@RIGID
def test_a_far_start_is_reached_by_masses_and_masks(name: str) -> None:
    away = about_the_middle(np.eye(3), (70.0, -60.0, 40.0))
    far = Geometry(GRID.shape_zyx, GRID.spacing_zyx_mm, (30.0, -95.0, 20.0), TILT)
    body = gaussian_filter(np.asarray(blobs().array), (0, 1, 1))
    fixed = replace(blobs(), array=body.astype(np.float32))
    moving = moved(fixed, away, far)
    mask = np.asarray(fixed.array) > np.percentile(fixed.array, 85)
    pair = Pair(fixed, moving, mask, np.asarray(moving.array) > np.percentile(moving.array, 85))
    with pytest.raises(InvalidImage, match="lies within"):
        run(name, pair)
    for how in (Start.CENTRES, Start.MASSES, Start.MASKS):
        start = start_of(pair, how)
        assert error_mm(start, away) < 12
        assert error_mm(run(name, Pair(fixed, moving), start).transform, away) < 1.0  # a voxel
    assert start_of(pair, Start.SCANNER) == IDENTITY
    with pytest.raises(InvalidSetting, match="both images need one"):
        start_of(Pair(fixed, moving), Start.MASKS)


def test_landmarks_give_the_rigid_map_of_kabsch() -> None:
    points = np.random.default_rng(0).normal(0, 20, (6, 3))
    found = from_landmarks(points, TURN.transform_points(points))
    np.testing.assert_allclose(found.matrix_lps, TURN.matrix_lps, atol=1e-9)
    mirrored = from_landmarks(points, points * (-1, 1, 1))
    assert mirrored.is_rigid, "a mirror image is no rigid map"
    with pytest.raises(InvalidSetting, match="three pairs"):
        from_landmarks(points[:2], points[:2])
    line = np.outer(np.arange(4.0), (1.0, 2.0, 3.0))
    with pytest.raises(InvalidSetting, match="on a line"):
        from_landmarks(line, line)


@RIGID
def test_cancelling_stops_at_the_next_iteration(name: str) -> None:
    seen = []

    def stop(done: int, total: int, message: str, /) -> None:
        seen.append((done, total, message))
        if len(seen) == 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run(name, Pair(blobs(), moved(blobs(), TURN, GRID)), progress=stop)
    assert len(seen) == 5
    assert "level 1 of 3" in seen[0][2]


def test_a_method_whose_package_is_missing_says_how_to_get_it() -> None:
    needy = replace(METHODS.get("rigid"), needs=("no_such_package",))
    assert needy.missing == ("no_such_package",)
    with pytest.raises(InvalidSetting, match="no_such_package") as refusal:
        needy.require_installed()
    assert "pip install" in str(refusal.value)
    METHODS.get("rigid-information").require_installed()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: replace(v, array=np.stack([v.array, v.array])), "time axis"),
        (
            lambda v: replace(v, array=np.where(np.asarray(v.array) > 200, np.nan, v.array)),
            "not finite",
        ),
        (lambda v: replace(v, array=np.full(GRID.shape_zyx, 3.0, np.float32)), "one value everywhere"),
        (lambda _v: blobs(replace(GRID, shape_zyx=(1, 90, 84))), "too few"),
    ],
    ids=["4d", "nan", "constant", "one slice"],
)
def test_images_that_cannot_be_aligned_are_refused(change: Any, told: str) -> None:
    for pair in (Pair(change(blobs()), blobs()), Pair(blobs(), change(blobs()))):
        with pytest.raises(InvalidImage, match=told):
            checked(pair)


def test_masks_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidImage, match="is empty"):
        checked(Pair(blobs(), blobs(), np.zeros(GRID.shape_zyx, dtype=bool)))
    with pytest.raises(InvalidImage, match="not on its grid"):
        checked(Pair(blobs(), blobs(), None, np.ones((3, 3, 3), dtype=bool)))


def test_the_overlap_is_that_of_the_grids() -> None:
    assert overlap_share(GRID, GRID, IDENTITY) == 1.0
    half = about_the_middle(np.eye(3), 0.5 * 84 * 0.9 * GRID.direction[:, 0])
    assert overlap_share(GRID, GRID, half) == pytest.approx(0.5, abs=0.06)
