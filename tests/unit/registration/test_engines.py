"""Another program behind the same interface: a real one, one that fails, one that is stopped."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.errors import Cancelled, InvalidSetting
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.engines import run
from napari_medassist.registration.engines.run import EngineFailed, run_engine
from napari_medassist.registration.spec import Pair, checked
from tests.unit.registration.test_instance import error_mm, pair_with, smooth_field
from tests.unit.registration.test_linear import IDENTITY, TURN, about_the_middle


def nothing(*_told: Any) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def pair() -> Pair:
    return checked(Pair(*pair_with(smooth_field())))


def test_greedy_finds_a_known_field(pair: Pair) -> None:
    found = METHODS.get("greedy").run(pair, IDENTITY, nothing)
    before, after = (error_mm(t, smooth_field()) for t in (IDENTITY, found.transform))
    assert after.mean() < 0.6 * before.mean()


def test_the_start_is_part_of_the_map_and_nothing_is_interpolated_for_it(pair: Pair) -> None:
    """An image put down elsewhere, and a start that leads there: the same map, then the start."""
    from_there = about_the_middle(np.eye(3), (4.0, -3.0, 5.0))
    grid = pair.moving.geometry
    origin = from_there.transform_points(np.asarray(grid.origin_lps_mm))
    elsewhere = replace(
        pair.moving, geometry=replace(grid, origin_lps_mm=tuple(origin.tolist())), source=None
    )
    here = METHODS.get("greedy").run(pair, IDENTITY, nothing).transform
    there = METHODS.get("greedy").run(Pair(pair.fixed, elsewhere), from_there, nothing).transform
    places = pair.fixed.geometry.voxel_places_lps_mm()[3:-3, 10:-10:6, 10:-10:6]
    expected = from_there.transform_points(here.transform_points(places))
    # greedy gives other bits each time.
    off = np.linalg.norm(there.transform_points(places) - expected, axis=-1)
    assert np.median(off) < 0.5


def test_a_turned_start_puts_the_image_down_turned(pair: Pair) -> None:
    import SimpleITK as sitk

    from napari_medassist.registration.itk import image_of

    grid = pair.moving.geometry
    moved = run._put_down(image_of(np.asarray(pair.moving.array), grid), TURN)
    for index in ((0, 0, 0), (5, 20, 3), (10, 7, 50)):
        seen = moved.TransformIndexToPhysicalPoint(index[::-1])
        np.testing.assert_allclose(
            TURN.transform_points(np.array(seen)), grid.index_to_lps(index), atol=1e-6
        )
    assert isinstance(moved, sitk.Image)


def test_a_program_that_is_not_there_is_told_with_its_cure() -> None:
    needy = replace(METHODS.get("ants"), needs=("no_such_program",))
    with pytest.raises(InvalidSetting, match="no_such_program") as error:
        needy.require_installed()
    assert "napari-medassist[ants]" in str(error.value)


def test_a_program_that_fails_is_told_with_what_it_said(pair: Pair) -> None:
    with pytest.raises(EngineFailed, match="No module named"):
        run_engine("no_such_engine", pair, IDENTITY)


def test_a_start_with_scales_is_refused(pair: Pair) -> None:
    scaled = AffineTransform.from_matrix(np.diag([1.1, 1.0, 1.0, 1.0]))
    with pytest.raises(InvalidSetting, match="turns and shifts only"):
        run_engine("greedy", pair, scaled)


def test_a_program_is_stopped_at_once_and_leaves_nothing(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun = time.monotonic()

    def stop(*_told: Any) -> None:
        if time.monotonic() - begun > 0.5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run_engine("greedy", pair, IDENTITY, stop)
    assert time.monotonic() - begun < 20
    assert not list(tmp_path.iterdir())
