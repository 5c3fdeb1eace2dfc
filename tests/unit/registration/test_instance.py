"""A deformation for one pair: splines, similarities, and a known field that is found again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline
from scipy.ndimage import gaussian_filter, uniform_filter

from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.errors import Cancelled, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import AffineTransform, CompositeTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.registration.flow import Flow
from napari_medassist.registration.instance import (
    Deforming,
    DeformLevel,
    _fitted,
    _refined,
    deform,
)
from napari_medassist.registration.resample import warped
from napari_medassist.registration.similarity import LocalCorrelation, mutual_information
from napari_medassist.registration.spec import Pair, checked
from napari_medassist.registration.splines import ControlGrid, bending, evaluated
from tests.unit.registration.test_linear import IDENTITY, TILT, TURN, blobs, moved

GRID = Geometry((14, 60, 56), (3.5, 1.2, 1.2), (-35.0, -30.0, -20.0), TILT)
FAST = Deforming(
    levels=(DeformLevel(4.0, 25.0, 40, 0.9, 10**6), DeformLevel(2.4, 14.0, 40, 0.5, 10**6))
)


def smooth_field(strength_mm: float = 3.0, seed: int = 0) -> DisplacementField:
    numbers = np.random.default_rng(seed)
    widths = [10.0 / mm for mm in GRID.spacing_zyx_mm]
    parts = [gaussian_filter(numbers.standard_normal(GRID.shape_zyx), widths) for _ in range(3)]
    vectors = np.stack(parts, axis=-1)
    vectors *= strength_mm / np.linalg.norm(vectors, axis=-1).mean()
    return DisplacementField(vectors.astype(np.float32), GRID)


def pair_with(field: DisplacementField) -> tuple[Volume, Volume]:
    """Return fixed and moving images between which a field (fixed to moving) is the truth."""
    moving = blobs(GRID)
    return replace(warped(moving, field, GRID), name="fixed"), moving


def error_mm(found: Any, field: DisplacementField) -> np.ndarray:
    places = GRID.voxel_places_lps_mm()[3:-3, 10:-10:3, 10:-10:3]
    return np.linalg.norm(found.transform_points(places) - field.transform_points(places), axis=-1)


def test_splines_are_those_of_scipy() -> None:
    grid = ControlGrid((30.0, 50.0, 40.0), (3, 5, 4))
    assert grid.shape == (6, 8, 7)
    coefficients = np.random.default_rng(0).normal(size=8)
    places = np.linspace(0, 50, 41)
    knots = 10.0 * np.arange(-3, 9)
    expected = BSpline(knots, coefficients, 3)(places)
    np.testing.assert_allclose(grid.weights(1, places) @ coefficients, expected, atol=1e-9)
    for axis in range(3):
        weights = grid.weights(axis, np.linspace(0, grid.extent_zyx_mm[axis], 9))
        np.testing.assert_allclose(weights.sum(axis=1), 1)
    flat = ControlGrid.of((0.0, 50.0, 40.0), 10.0)
    np.testing.assert_allclose(flat.weights(0, np.zeros(1)).sum(), 1)


def test_a_shift_and_a_turn_do_not_bend_and_a_wave_does() -> None:
    grid = ControlGrid((30.0, 50.0, 40.0), (3, 5, 4))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"))
    turn = np.array([[0, 0.1, 0.2], [-0.1, 0, 0.3], [-0.2, -0.3, 0]])
    linear = (
        np.einsum("ij,jzyx->izyx", turn, index * np.array(grid.spacing_mm)[:, None, None, None]) + 3
    )
    assert float(bending(torch.from_numpy(linear), grid.spacing_mm)) < 1e-20
    wave = torch.from_numpy(np.sin(index * 1.5))
    assert float(bending(wave, grid.spacing_mm)) > 1e-5
    # 2 u = (x / 10)^2 in cells of 10 mm: the second derivative is 0.01 / mm everywhere.
    bowl = torch.zeros(3, *grid.shape, dtype=torch.float64)
    bowl[2] = torch.from_numpy(0.5 * index[2].astype(float) ** 2)
    assert float(bending(bowl, (10.0, 10.0, 10.0))) == pytest.approx(0.01**2 / 3)


def test_a_finer_grid_goes_on_with_the_same_deformation() -> None:
    coarse, fine = (
        ControlGrid((30.0, 50.0, 40.0), (2, 3, 2)),
        ControlGrid((30.0, 50.0, 40.0), (4, 6, 4)),
    )
    points = torch.randn(3, *coarse.shape, generator=torch.Generator().manual_seed(0))
    places = [np.linspace(0, extent, 17) for extent in coarse.extent_zyx_mm]

    def at(grid: ControlGrid, p: torch.Tensor) -> torch.Tensor:
        z, y, x = (torch.from_numpy(grid.weights(k, q)).float() for k, q in enumerate(places))
        return evaluated(p, (z, y, x))

    torch.testing.assert_close(
        at(fine, _refined(points, coarse, fine)), at(coarse, points), atol=1e-4, rtol=0
    )


def test_local_correlation_is_that_of_windows() -> None:
    numbers = np.random.default_rng(0)
    first = gaussian_filter(numbers.random((9, 20, 18)), 1).astype(np.float32)
    second = (0.6 * first + 0.2 * gaussian_filter(numbers.random((9, 20, 18)), 1)).astype(np.float32)
    weight = torch.zeros(9, 20, 18)
    weight[3:6, 6:14, 6:12] = 1
    size = (3, 7, 5)

    def mean(values: np.ndarray) -> np.ndarray:
        return uniform_filter(values.astype(np.float64), size)

    covariance = mean(first * second) - mean(first) * mean(second)
    spreads = [mean(v * v) - mean(v) ** 2 for v in (first, second)]
    alike = covariance**2 / ((spreads[0] + 1e-5) * (spreads[1] + 1e-5))
    counted = weight.numpy() * spreads[0] / (spreads[0] + 1e-3)
    expected = (counted * alike).sum() / counted.sum()
    one, other = torch.from_numpy(first), torch.from_numpy(second)
    alike_to = LocalCorrelation(one, size, weight)
    assert float(alike_to(other)) == pytest.approx(expected, rel=1e-3)
    inverted = float(alike_to(1 - other))
    assert inverted == pytest.approx(expected, rel=1e-3)


def test_information_is_high_for_what_tells_of_each_other() -> None:
    numbers = np.random.default_rng(0)
    first = torch.from_numpy(gaussian_filter(numbers.random((8, 30, 30)), 2).astype(np.float32))
    first = (first - first.min()) / (first.max() - first.min())
    other = torch.from_numpy(numbers.random((8, 30, 30)).astype(np.float32))
    weight = torch.ones_like(first)
    bent = (1 - first) ** 2
    told, untold = (float(mutual_information(first, v, weight)) for v in (bent, other))
    assert told > 10 * untold
    joint, _, _ = np.histogram2d(first.numpy().ravel(), bent.numpy().ravel(), bins=24)
    joint /= joint.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    expected = (joint[some] * np.log(joint[some] / apart[some])).sum()
    assert told == pytest.approx(expected, rel=0.35)  # Gaussian bins tell a little less


@pytest.mark.parametrize("contrast", ["same", "inverted", "inverted, information"])
def test_a_known_field_is_found_again_without_folds(contrast: str) -> None:
    field = smooth_field()
    fixed, moving = pair_with(field)
    if contrast != "same":
        moving = replace(moving, array=500 - np.asarray(moving.array))
    how = replace(FAST, similarity="information", stiffness=20.0) if "info" in contrast else FAST
    found = deform(checked(Pair(fixed, moving)), IDENTITY, how=how)
    before, after = error_mm(IDENTITY, field), error_mm(found.transform, field)
    assert before.mean() > 2.0
    assert after.mean() < (0.45 if "info" not in contrast else 0.6) * before.mean()
    assert found.after < found.before
    (deformation, start) = found.transform.parts  # type: ignore[attr-defined]
    assert start == IDENTITY
    assert (deformation.jacobian_determinant() > 0).all()


def test_it_goes_on_from_a_start_on_another_grid() -> None:
    other = Geometry((50, 50, 16), (1.5, 1.5, 3.2), (-36.0, -36.0, -22.0), np.eye(3))
    fixed = blobs(GRID)
    moving = moved(blobs(GRID), TURN, other)
    found = deform(checked(Pair(fixed, moving)), TURN, how=FAST)
    assert isinstance(found.transform, CompositeTransform)
    assert found.transform.parts[1] == TURN
    places = GRID.voxel_places_lps_mm()[3:-3, 10:-10:3, 10:-10:3]
    off = found.transform.transform_points(places) - TURN.transform_points(places)
    index = other.lps_to_index(TURN.transform_points(places))
    seen = ((index > 3) & (index < np.array(other.shape_zyx) - 4)).all(axis=-1)
    assert np.linalg.norm(off, axis=-1)[seen].mean() < 0.8, "it was right already"


def test_it_goes_on_from_displacements_that_are_known() -> None:
    field = smooth_field()
    pair = checked(Pair(*pair_with(field)))
    once = Deforming(levels=(DeformLevel(2.4, 9.0, 1, 0.01, 10**6),))
    begun = error_mm(deform(pair, IDENTITY, how=once, begun=field).transform, field)
    not_begun = error_mm(deform(pair, IDENTITY, how=once).transform, field)
    assert not_begun.mean() > 2.0
    assert begun.mean() < 0.3


def test_control_points_give_the_field_that_they_are_fitted_to() -> None:
    z, y, x = ((n - 1) * mm for n, mm in zip(GRID.shape_zyx, GRID.spacing_zyx_mm, strict=True))
    grid = ControlGrid.of((z, y, x), 20.0)
    points = torch.randn(3, *grid.shape, generator=torch.Generator().manual_seed(3))
    weights = tuple(
        torch.from_numpy(grid.weights(axis, np.arange(n) * mm).astype(np.float32))
        for axis, (n, mm) in enumerate(zip(GRID.shape_zyx, GRID.spacing_zyx_mm, strict=True))
    )
    along = evaluated(points, (weights[0], weights[1], weights[2])).numpy()
    vectors = np.einsum("lc,czyx->zyxl", GRID.direction[:, ::-1], along)
    found = _fitted(DisplacementField(vectors.astype(np.float32), GRID), grid)
    torch.testing.assert_close(found, points, atol=1e-2, rtol=1e-2)


def test_the_same_input_gives_the_same_bits() -> None:
    pair = checked(Pair(*pair_with(smooth_field())))
    quick = Deforming(levels=(DeformLevel(4.0, 25.0, 6, 0.6, 10**6),))
    first, second = (deform(pair, IDENTITY, how=quick).transform for _ in range(2))
    np.testing.assert_array_equal(
        first.parts[0].vectors_lps_mm,  # type: ignore[attr-defined]
        second.parts[0].vectors_lps_mm,  # type: ignore[attr-defined]
    )


def test_the_method_turns_first_and_can_be_cancelled() -> None:
    fixed, moving = blobs(GRID), moved(blobs(GRID), TURN, GRID)
    told: list[tuple[int, int, str]] = []

    def progress(done: int, total: int, message: str, /) -> None:
        told.append((done, total, message))
        if "deformable" in message:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        METHODS.get("deformable").run(
            checked(Pair(fixed, moving)), AffineTransform.identity(), progress
        )
    assert "rigid" in told[0][2]
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_a_velocity_is_followed_there_and_back_without_folds() -> None:
    vectors = smooth_field(6.0, seed=4).vectors_lps_mm
    velocity = torch.tensor(vectors).permute(3, 0, 1, 2).contiguous()
    flow = Flow(GRID.shape_zyx, GRID.spacing_zyx_mm)
    there, back = flow.followed(velocity), flow.followed(-velocity)

    def field(along: torch.Tensor) -> DisplacementField:
        vectors = np.einsum("lc,czyx->zyxl", GRID.direction[:, ::-1], along.numpy())
        return DisplacementField(vectors.astype(np.float32), GRID)

    places = GRID.voxel_places_lps_mm()[3:-3, 12:-12:3, 12:-12:3]
    returned = field(back).transform_points(field(there).transform_points(places))
    off = np.linalg.norm(returned - places, axis=-1)
    moved = np.linalg.norm(field(there).transform_points(places) - places, axis=-1)
    assert moved.mean() > 4
    assert off.mean() < 0.12
    inner = (slice(2, -2), slice(6, -6), slice(6, -6))
    assert field(there).jacobian_determinant()[inner].min() > 0
    # A velocity that is the same everywhere leads as far as it is.
    same = torch.full((3, *GRID.shape_zyx), 2.5)
    torch.testing.assert_close(flow.followed(same), same, atol=1e-4, rtol=1e-4)


def test_the_diffeomorphic_method_finds_a_known_field_too() -> None:
    field = smooth_field()
    pair = checked(Pair(*pair_with(field)))
    found = METHODS.get("diffeomorphic").run(pair, IDENTITY, lambda *_told: None)
    assert error_mm(found.transform, field).mean() < 0.4 * error_mm(IDENTITY, field).mean()
    first = found.transform.parts[0]
    assert isinstance(first, DisplacementField)
    assert (first.jacobian_determinant() > 0).all()


def test_landmarks_guide_where_the_images_tell_nothing() -> None:
    """Two images of the same everywhere but noise: only the landmarks know how it is bent."""
    field = smooth_field(4.0, seed=7)
    rng = np.random.default_rng(3)
    images = [
        Volume(rng.random(GRID.shape_zyx, dtype=np.float32), GRID, name=name) for name in ("a", "b")
    ]
    index = [(4, 20, 20), (7, 30, 35), (9, 40, 15), (5, 42, 40), (8, 18, 38)]
    places = GRID.index_to_lps(np.array(index))
    pair = checked(Pair(images[0], images[1], guides=(places, field.transform_points(places))))
    found = deform(pair, IDENTITY, how=FAST).transform
    before, after = (
        np.linalg.norm(t.transform_points(places) - field.transform_points(places), axis=1)
        for t in (IDENTITY, found)
    )
    assert before.mean() > 2.5
    assert after.mean() < 0.5 * before.mean()
    moved = np.concatenate([places[:2], GRID.index_to_lps([[50.0, 5, 5]])])
    with pytest.raises(InvalidImage, match="outside"):
        deform(Pair(images[0], images[1], guides=(moved, moved)), IDENTITY, how=FAST)
    with pytest.raises(InvalidSetting, match="velocity"):
        deform(pair, IDENTITY, how=replace(FAST, diffeomorphic=True))
