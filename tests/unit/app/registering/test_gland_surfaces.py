"""The network of surfaces: one outline brought to another, complete or in some slices only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.registering.aligning import Companions, Wish, align
from napari_medassist.app.registering.gland_surfaces import SurfaceMap
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.cli.main import main
from napari_medassist.core.errors import Cancelled, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.transform import DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import write
from napari_medassist.io.map_files import write_map
from napari_medassist.registration.spec import Pair, checked
from napari_medassist.registration.start import Start, start_of
from napari_medassist.registration.surfaces import surface_points
from tests.unit.registration.test_linear import IDENTITY

ULTRASOUND = Geometry((60, 80, 80), (1.0, 0.8, 0.8), (-32.0, -30.0, -30.0))
MR = Geometry((22, 90, 90), (3.0, 0.8, 0.8), (-36.0, -40.0, -34.0))


def gland(
    grid: Geometry, *, pressed: float = 1.0, at: tuple[float, float, float] = (0, 0, 0)
) -> np.ndarray:
    """Return an outline: half axes 24, 16 and 20 mm, flat toward the rectum; a probe presses it."""
    x, y, z = (grid.voxel_places_lps_mm() - np.array(at)).T
    inside = (x / 24) ** 2 + (y / pressed / 16) ** 2 + (z / 20) ** 2 < 1
    return np.asarray((inside & (y / pressed < 12)).T)


@pytest.fixture(scope="module")
def pair() -> Pair:
    rng = np.random.default_rng(0)
    images = [
        Volume(rng.random(grid.shape_zyx, dtype=np.float32), grid, name=name)
        for grid, name in ((ULTRASOUND, "us"), (MR, "mr"))
    ]
    masks = gland(ULTRASOUND, pressed=0.85), gland(MR, at=(2.0, -3.0, 4.0))
    return checked(Pair(images[0], images[1], *masks))


def nothing(*_told: object) -> None:
    """Progress that nobody looks at."""


def test_an_outline_is_brought_to_the_other(pair: Pair) -> None:
    us, mr = (
        LabelMap(mask.astype(np.uint8), image.geometry, name=f"gland {image.name}")
        for image, mask in ((pair.fixed, pair.fixed_mask), (pair.moving, pair.moving_mask))
        if mask is not None
    )
    companions = Companions(((mr, us),), (), pair.fixed_mask, pair.moving_mask)
    made = align(
        pair.fixed, pair.moving, Wish("gland-surfaces", Start.MASKS, both_ways=False), companions
    )
    (carried,) = made.quality.carried
    assert carried.after is not None
    assert carried.after.dice > 0.9
    assert made.quality.space.folded_share == 0
    assert any("folded" in reason.text for reason in made.verdict.reasons)


def test_points_move_with_the_gland_and_far_away_as_it_does_rigidly(pair: Pair) -> None:
    found = METHODS.get("gland-surfaces").run(pair, start_of(pair, Start.MASKS), nothing)
    middle = found.transform.transform_points(np.zeros(3))
    np.testing.assert_allclose(middle, (2.0, -3.0, 4.0), atol=2.5)
    field = found.transform.parts[0]
    assert isinstance(field, DisplacementField)
    corner = field.vectors_lps_mm[0, 0, 0], field.vectors_lps_mm[0, 0, 1]
    np.testing.assert_allclose(corner[0], corner[1], atol=0.3)
    again = METHODS.get("gland-surfaces").run(pair, start_of(pair, Start.MASKS), nothing)
    np.testing.assert_array_equal(field.vectors_lps_mm, again.transform.parts[0].vectors_lps_mm)


def test_some_slices_tell_about_the_same_as_all(pair: Pair) -> None:
    assert pair.fixed_mask is not None
    few = pair.fixed_mask.copy()
    few[np.arange(len(few)) % 7 != 3] = False
    sparse = Pair(pair.fixed, pair.moving, few, pair.moving_mask)
    inside = ULTRASOUND.voxel_places_lps_mm()[pair.fixed_mask][::200]
    there = [
        METHODS.get("gland-surfaces").run(p, start_of(pair, Start.MASKS), nothing).transform
        for p in (pair, sparse)
    ]
    off = there[0].transform_points(inside) - there[1].transform_points(inside)
    assert np.linalg.norm(off, axis=1).mean() < 3.0


def test_the_order_of_points_and_where_the_spaces_lie_say_nothing(pair: Pair) -> None:
    assert pair.fixed_mask is not None
    assert pair.moving_mask is not None
    source = surface_points(pair.fixed_mask, ULTRASOUND, 600)
    target = surface_points(pair.moving_mask, MR, 600)
    inside = ULTRASOUND.voxel_places_lps_mm()[pair.fixed_mask][::300]
    plain = SurfaceMap(source, target).transform_points(inside)
    shift = np.array([100.0, -50.0, 30.0])
    other = SurfaceMap(source[::-1], target[::-1] + shift).transform_points(inside)
    np.testing.assert_allclose(other, plain + shift, atol=1e-2)


def test_what_is_no_prostate_by_its_size_is_refused(pair: Pair) -> None:
    """Voxels whose size the file does not tell right are the usual reason."""

    def small(image: Volume) -> Volume:
        grid = image.geometry
        z, y, x = (mm / 4 for mm in grid.spacing_zyx_mm)
        return replace(image, geometry=replace(grid, spacing_zyx_mm=(z, y, x)), source=None)

    tiny = Pair(small(pair.fixed), small(pair.moving), pair.fixed_mask, pair.moving_mask)
    with pytest.raises(InvalidImage, match=r"0\.4 ml"):
        METHODS.get("gland-surfaces").run(tiny, IDENTITY, nothing)


def test_without_outlines_it_says_so_and_it_can_be_cancelled(pair: Pair) -> None:
    bare = Pair(pair.fixed, pair.moving)
    with pytest.raises(InvalidSetting, match="outlined in both"):
        METHODS.get("gland-surfaces").run(bare, IDENTITY, nothing)

    def stop(*_told: object) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        METHODS.get("gland-surfaces").run(pair, IDENTITY, stop)


def test_targets_drawn_on_mr_go_to_ultrasound_in_the_shell(pair: Pair, tmp_path: Path) -> None:
    assert pair.fixed_mask is not None
    assert pair.moving_mask is not None
    for image in (pair.fixed, pair.moving):
        write_map(image, tmp_path / f"{image.name}.nii.gz")
    away = np.linalg.norm(MR.voxel_places_lps_mm() - (8.0, 2.0, 6.0), axis=-1)
    maps = {
        "us_gland": (pair.fixed_mask, ULTRASOUND),
        "mr_gland": (pair.moving_mask, MR),
        "target": (away < 5, MR),
    }
    for name, (mask, grid) in maps.items():
        write(LabelMap(mask.astype(np.uint8), grid, name=name), tmp_path / f"{name}.nii.gz")
    place = {name: str(tmp_path / f"{name}.nii.gz") for name in ("us", "mr", *maps)}
    out = tmp_path / "out"
    options = ("fixed", "us"), ("moving", "mr"), ("fixed-mask", "us_gland"), ("moving-mask", "mr_gland")
    given = [text for name, file in options for text in (f"--{name}", place[file])]
    how = ["--method", "gland-surfaces", "--start", "masks", "--one-way", "--out", str(out)]
    code = main(["register", *given, *how, "--labels", place["target"]])
    assert code in (0, 1)
    told = json.loads((out / "quality.json").read_text())
    (lesion,) = told["labels"][0]["lesions"]
    expected = (6.0, 5.0 * 0.85, 2.0)
    assert np.linalg.norm(np.array(lesion["to_lps_mm"]) - expected) < 4.0
    assert told["method"] == "gland-surfaces"
