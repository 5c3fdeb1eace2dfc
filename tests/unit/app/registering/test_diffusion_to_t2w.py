"""The network that brings diffusion to T2w, on the package's simulated study and in the shell."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.registering.diffusion_to_t2w import displacements, sampled, window_of
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.app.samples import sample_label_maps, sample_path
from napari_medassist.cli.main import main
from napari_medassist.core.errors import Cancelled, InvalidImage
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import read, read_labels
from napari_medassist.registration.spec import Pair, checked

HERE = AffineTransform.identity()


def shifted(x: float, y: float, z: float) -> AffineTransform:
    return AffineTransform.from_matrix([[1, 0, 0, x], [0, 1, 0, y], [0, 0, 1, z], [0, 0, 0, 1]])


@cache
def pair() -> Pair:
    volumes = {v.role: v for v in read(sample_path("mpmr")).volumes()}
    gland = np.asarray(read_labels(sample_label_maps("mpmr")["zones"]).array) > 0
    return checked(Pair(volumes["t2w"], volumes["high-b"], gland))


def nothing(*_told: object) -> None:
    """Progress that nobody looks at."""


def in_the_gland() -> np.ndarray:
    assert pair().fixed_mask is not None
    return np.asarray(pair().fixed.geometry.voxel_places_lps_mm()[pair().fixed_mask][::50])


@pytest.mark.parametrize("shift", [(6.0, -5.0, 3.0), (-5.0, 6.0, -3.0), (0.0, 8.0, 0.0)])
def test_a_shift_of_the_start_is_found(shift: tuple[float, float, float]) -> None:
    places = in_the_gland()
    still = displacements(pair(), HERE).displacements(places)
    found = displacements(pair(), shifted(*shift)).displacements(places)
    gain = np.median(found - still, axis=0)
    assert np.linalg.norm(gain + shift) < 0.4 * np.linalg.norm(shift)


def test_the_optimised_map_is_near_the_truth_and_the_same_each_time() -> None:
    start = shifted(6.0, -5.0, 3.0)
    method = METHODS.get("diffusion-to-t2w")
    one, two = (method.run(pair(), start, nothing).transform for _ in range(2))
    places = in_the_gland()
    off = np.linalg.norm(one.transform_points(places) - places, axis=1)
    assert np.median(off) < 2.5  # the sample's images lie as they should
    np.testing.assert_array_equal(one.transform_points(places), two.transform_points(places))


def test_far_away_the_map_is_rigid_and_a_mask_moves_the_window() -> None:
    field = displacements(pair(), shifted(4.0, 0.0, 0.0))
    steps = np.diff(field.vectors_lps_mm[0, 0], axis=0)
    assert np.abs(steps - steps[0]).max() < 1e-3
    whole, nowhere = window_of(Pair(pair().fixed, pair().moving))
    assert nowhere is None
    about, inside = window_of(pair())
    assert inside is not None
    assert whole.shape_zyx == about.shape_zyx == inside.shape
    assert whole.origin_lps_mm != about.origin_lps_mm


def test_an_image_is_seen_as_the_simulation_shows_it() -> None:
    window, _ = window_of(pair())
    grid = pair().fixed.geometry
    x = grid.voxel_places_lps_mm()[..., 0].astype(np.float32)
    seen = sampled(Volume(x, grid), window, shifted(2.0, 0.0, 0.0))
    expected = window.voxel_places_lps_mm()[..., 0] + 2.0
    inner = (slice(None), slice(5, -5), slice(5, -5))
    np.testing.assert_allclose(seen[inner], expected[inner], atol=0.05)


def test_too_little_of_the_pelvis_is_refused_and_it_stops_when_told() -> None:
    with pytest.raises(InvalidImage, match="looks at"):
        displacements(pair(), shifted(120.0, 0.0, 0.0))

    def stop(*_told: object) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        METHODS.get("diffusion-to-t2w").run(pair(), HERE, stop)


def test_in_the_shell(tmp_path: Path) -> None:
    wish = ["--method", "diffusion-to-t2w", "--one-way", "--out", str(tmp_path / "out")]
    assert main(["register", "--study", str(sample_path("mpmr")), *wish]) in (0, 1)
    [told] = [json.loads(p.read_text()) for p in tmp_path.glob("out/*.json")]
    assert "diffusion-to-t2w" in json.dumps(told)
