from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.frame import Frame, sample
from napari_medassist.models.training.simulation.gland import Anatomy, place
from napari_medassist.models.training.simulation.prostate_mpmr import simulate_mpmr
from napari_medassist.models.training.simulation.prostate_t2w import simulate
from napari_medassist.models.training.simulation.surroundings import Background

FRAME = Frame(shape_zyx=(12, 64, 64))


def ellipsoid(shape: tuple[int, int, int], radii: tuple[float, float, float]) -> np.ndarray:
    axes = [np.arange(n) - (n - 1) / 2 for n in shape]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return (z / radii[0]) ** 2 + (y / radii[1]) ** 2 + (x / radii[2]) ** 2 < 1


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    shape = (16, 48, 48)
    zones = np.where(ellipsoid(shape, (5, 15, 20)), 1, 0).astype(np.uint8)
    zones[ellipsoid(shape, (4, 9, 12))] = 2
    lesions = np.zeros(shape, dtype=bool)
    lesions[8, 34:37, 20:25] = True
    return Anatomy(zones, lesions, "phantom")


@pytest.fixture(scope="module")
def background() -> Background:
    image = np.random.default_rng(0).random((14, 96, 96), dtype=np.float32)
    tissues = np.stack([np.floor(image * 4), np.floor(image * 8)]).astype(np.float32)
    return Background(image, tissues, np.array([6.5, 47.5, 47.5]), np.array([15.0, 15.0, 20.0]))


def test_a_seed_gives_its_sample_and_another_seed_another(
    anatomy: Anatomy, background: Background
) -> None:
    first, labels = simulate(3, [anatomy], [background], FRAME)
    again, same_labels = simulate(3, [anatomy], [background], FRAME)
    other, _ = simulate(4, [anatomy], [background], FRAME)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(labels, same_labels)
    assert np.abs(first - other).max() > 1


@pytest.mark.parametrize("seed", range(8))
def test_samples_are_normalised_and_hold_both_zones(
    seed: int, anatomy: Anatomy, background: Background
) -> None:
    image, labels = simulate(seed, [anatomy], [background], FRAME)
    assert image.shape == labels.shape == FRAME.shape_zyx
    assert image.dtype == np.float32
    assert np.isfinite(image).all()
    assert abs(float(image.mean())) < 1e-3
    assert float(image.std()) == pytest.approx(1, abs=1e-3)
    assert set(np.unique(labels)) == {0, 1, 2}


def test_a_gland_knows_its_box_and_the_distance_to_it(anatomy: Anatomy) -> None:
    gland = place(Chance(1, FRAME.shape_zyx), FRAME, anatomy)
    assert gland is not None
    index = np.argwhere(gland.whole)
    low, high = (FRAME.places_mm[(slice(None), *end)] for end in (index.min(0), index.max(0)))
    np.testing.assert_allclose((low + high) / 2, gland.centre_mm, atol=1e-4)
    assert (gland.outside_mm[gland.whole] == 0).all()
    far = np.unravel_index(gland.outside_mm.argmax(), gland.outside_mm.shape)
    offsets = FRAME.places_mm[:, gland.whole] - FRAME.places_mm[(slice(None), *far)][:, None]
    true_mm = np.sqrt((offsets**2).sum(axis=0)).min()
    assert gland.outside_mm[far] == pytest.approx(true_mm, abs=2)  # computed at half the resolution


def test_a_gland_pushed_out_of_the_window_is_no_gland(anatomy: Anatomy) -> None:
    tiny = Frame(shape_zyx=(2, 12, 12))
    assert place(Chance(0, tiny.shape_zyx), tiny, anatomy) is None


def test_sampling_at_whole_indices_returns_the_voxels() -> None:
    volume = np.random.default_rng(1).random((1, 4, 5, 6), dtype=np.float32)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in (4, 5, 6)), indexing="ij"))
    np.testing.assert_allclose(sample(volume, index.astype(np.float32)), volume, atol=1e-5)


@pytest.fixture(scope="module")
def with_diffusion(background: Background) -> Background:
    shape = background.image.shape
    adc = np.full(shape, 1500, np.float32)
    return replace(background, diffusion=np.stack([adc, np.full(shape, 0.6, np.float32)]))


@pytest.mark.parametrize("seed", range(6))
def test_a_study_has_three_images_and_its_lesions(
    seed: int, anatomy: Anatomy, with_diffusion: Background
) -> None:
    images, labels = simulate_mpmr(seed, [anatomy], [with_diffusion], FRAME, may_miss=False)
    assert images.shape == (3, *FRAME.shape_zyx)
    assert np.isfinite(images).all()
    assert images.dtype == np.float32
    assert set(np.unique(labels)) <= {0, 1}
    np.testing.assert_allclose(images.std(axis=(1, 2, 3)), 1, atol=1e-2)


def test_lesions_are_dark_on_adc_and_bright_at_a_high_b_value(
    anatomy: Anatomy, with_diffusion: Background
) -> None:
    darker, brighter = [], []
    for seed in range(24):
        images, labels = simulate_mpmr(seed, [anatomy], [with_diffusion], FRAME, may_miss=False)
        lesion = labels > 0
        if np.count_nonzero(lesion) < 30:
            continue
        near = ndimage.binary_dilation(lesion, np.ones((1, 9, 9))) & ~lesion
        darker.append(np.median(images[1][lesion]) - np.median(images[1][near]))
        brighter.append(np.median(images[2][lesion]) - np.median(images[2][near]))
    assert len(darker) > 8
    assert np.mean(np.array(darker) < 0) > 0.8
    assert np.mean(np.array(brighter) > 0) > 0.6


def test_series_may_be_missing_but_never_all(anatomy: Anatomy, background: Background) -> None:
    missing = []
    for seed in range(40):
        images, _ = simulate_mpmr(seed, [anatomy], [background], FRAME)
        missing.append([not image.any() for image in images])
    assert 0 < np.mean(missing) < 0.4
    assert not np.all(missing, axis=1).any()
