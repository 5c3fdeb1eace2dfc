"""What became of opacities from scan to scan, on a chest that breathes by a known map."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.app.burden_chart import write_chart
from napari_medassist.app.burden_tables import write_table
from napari_medassist.app.lung_burden import LungScan, measured, outlined
from napari_medassist.app.lung_follow_up import FollowUp, followed
from napari_medassist.app.registering.verdict import Light
from napari_medassist.app.samples import sample_label_maps, sample_path
from napari_medassist.cli.main import main
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.transform import DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import read_labels, read_volume, write
from napari_medassist.io.map_files import write_map
from napari_medassist.registration.resample import warped, warped_numbers

_AIR_HU = -830.0
_NEW_HU = -450.0


def coarser(image: Volume | LabelMap) -> np.ndarray:
    """Return every second row and column: enough for what is asked here, in a quarter of the time."""
    return np.ascontiguousarray(np.asarray(image.array)[:, ::2, ::2])


def breath(grid: Geometry) -> DisplacementField:
    """Return a map that lifts the lower chest by up to 14 mm and shifts the patient by 8 mm."""
    places = grid.voxel_places_lps_mm()
    height = (places[..., 2] - places[..., 2].min()) / np.ptp(places[..., 2])
    lifted = 14 * np.sin(np.pi * np.clip(1 - height, 0, 1)) ** 2
    vectors = np.stack([np.full_like(lifted, 8.0), 0.3 * lifted, -lifted], axis=-1)
    return DisplacementField(vectors.astype(np.float32), grid)


@cache
def scans() -> tuple[LungScan, LungScan]:
    """Return a chest, and the same in another breath: one opacity is gone, one is new."""
    ct = read_volume(sample_path("ct"))
    maps = {name: read_labels(path) for name, path in sample_label_maps("ct").items()}
    z_mm, y_mm, x_mm = ct.geometry.spacing_zyx_mm
    hu = coarser(ct).astype(np.float32)
    grid = replace(ct.geometry, shape_zyx=hu.shape, spacing_zyx_mm=(z_mm, 2 * y_mm, 2 * x_mm))
    opacity, lungs = (coarser(maps[name]) for name in ("opacities", "lungs"))
    lungs = np.array([0, 2, 1], np.uint8)[lungs]  # the sample counts the right lung first
    earlier = scan("march", Volume(hu, grid), opacity, lungs)
    pieces, _ = ndimage.label(opacity)
    gone = pieces == np.bincount(pieces.ravel())[1:].argsort()[-3] + 1
    z, y, x = np.indices(grid.shape_zyx)
    blob = ((z - 30) * 2) ** 2 + ((y - 38) * 2.2) ** 2 + ((x - 62) * 2.2) ** 2 < 12**2
    new = blob & (lungs > 0) & (opacity == 0)
    noise = np.random.default_rng(0).normal(0, 25, hu.shape).astype(np.float32)
    hu = np.where(gone, _AIR_HU + noise, np.where(new, _NEW_HU + noise, hu))
    opacity = np.where(gone, 0, opacity) | new.astype(np.uint8)
    moved = breath(grid)
    other = warped(Volume(hu, grid), moved, grid, outside=-1000.0)
    both = (warped_numbers(numbers, grid, moved, grid) for numbers in (opacity, lungs))
    return earlier, scan("april", Volume(np.asarray(other.array) + noise, grid), *both)


def scan(date: str, ct: Volume, opacity: np.ndarray, lungs: np.ndarray) -> LungScan:
    ct = replace(ct, name="chest", acquisition=read_volume(sample_path("ct")).acquisition)
    maps = (LabelMap.on(ct, numbers.astype(np.uint8)) for numbers in (opacity, lungs))
    opacities, outlines = maps
    return outlined(ct, opacities, lungs=outlines, date=date)


@cache
def found() -> FollowUp:
    [only] = followed(scans())
    return only


def truth_ml() -> tuple[float, float, float]:
    """Return what persists, is new and has gone, by the map that is known."""
    earlier, later = scans()
    grid = later.ct.geometry
    there = warped_numbers(earlier.opacity.astype(np.uint8), grid, breath(grid), grid) > 0
    each = (there & later.opacity, later.opacity & ~there, there & ~later.opacity)
    one, two, three = (float(np.count_nonzero(m)) * grid.voxel_volume_mm3 / 1000 for m in each)
    return one, two, three


def test_what_persists_is_new_or_has_gone_is_told_apart() -> None:
    whole = found().parts[0]
    persists, new, gone = truth_ml()
    assert min(persists, new, gone) > 15
    assert found().verdict.light is not Light.RED
    assert whole.persisting_ml == pytest.approx(persists, rel=0.15)
    assert whole.new_ml == pytest.approx(new, abs=0.3 * new + 0.1 * persists)
    assert whole.gone_ml == pytest.approx(gone, abs=0.3 * gone + 0.1 * persists)


def test_volumes_add_up_part_by_part() -> None:
    later = measured(scans()[1])
    for part, change in zip(later.parts, found().parts, strict=True):
        assert change.name == part.name
        assert change.persisting_ml + change.new_ml == pytest.approx(part.opacity_ml)


def test_without_the_alignment_the_same_would_not_be_found() -> None:
    earlier, later = scans()
    grid = later.ct.geometry
    as_scanned = int(np.count_nonzero(earlier.opacity & later.opacity)) * grid.voxel_volume_mm3 / 1000
    persists, _, _ = truth_ml()
    assert as_scanned < 0.75 * persists < found().parts[0].persisting_ml


def test_the_table_and_the_chart_have_it(tmp_path: Path) -> None:
    both = [measured(one) for one in scans()]
    with write_table(both, tmp_path / "t.csv", [found()]).open() as stream:
        rows = list(csv.DictReader(stream))
    assert [r["new_ml"] for r in rows if r["date"] == "march"] == [""] * 9
    [whole] = [r for r in rows if r["date"] == "april" and r["part"] == "both lungs"]
    assert float(whole["gone_ml"]) == pytest.approx(found().parts[0].gone_ml, rel=1e-3)
    assert whole["alignment"] == str(found().verdict.light)
    page = write_chart(both, tmp_path / "c.html", [found()]).read_text(encoding="utf-8")
    assert "Since the scan before" in page
    assert "Nothing aligns" not in page
    assert "Nothing aligns" in write_chart(both, tmp_path / "d.html").read_text(encoding="utf-8")


def test_one_scan_has_none_and_is_refused_in_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert followed(scans()[:1]) == ()
    ct = str(sample_path("ct"))
    assert main(["burden", ct, "--align", "--out", str(tmp_path / "t.csv")]) == 2
    assert "two scans or more" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_in_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = []
    for number, one in enumerate(scans()):
        lungs = one.parts["left lung"] + 2 * one.parts["right lung"].astype(np.uint8)
        maps = (one.opacity.astype(np.uint8), lungs)
        files = [tmp_path / f"{kind}{number}.nii.gz" for kind in ("ct", "opacity", "lungs")]
        write_map(one.ct, files[0])
        for numbers, file in zip(maps, files[1:], strict=True):
            write(LabelMap.on(one.ct, numbers), file)
        names.append([str(file) for file in files])
    ct, opacities, lungs = (list(of) for of in zip(*names, strict=True))
    wish = ["--opacities", *opacities, "--lungs", *lungs, "--align", "--out", str(tmp_path / "t.csv")]
    main(["burden", *ct, *wish])
    told = capsys.readouterr().out
    assert f"{found().parts[0].new_ml:.0f} new" in told
    assert "alignment" in told
