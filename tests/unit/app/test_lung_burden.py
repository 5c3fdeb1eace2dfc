"""Burden of the simulated chest: against its own truth, by the shell, and over time."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.lung_burden import measured, outlined
from napari_medassist.app.samples import sample_label_maps, sample_path
from napari_medassist.cli.main import main
from napari_medassist.core.errors import GeometryMismatch, InvalidImage
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.io.files import read_labels, read_volume, write

CT = sample_path("ct")
OPACITIES, LUNGS = sample_label_maps("ct")["opacities"], sample_label_maps("ct")["lungs"]


def sides_turned(labels: LabelMap) -> LabelMap:
    """The sample counts the right lung first."""
    return labels.with_changes(array=np.array([0, 2, 1], np.uint8)[np.asarray(labels.array)])


def test_with_true_lungs_the_share_is_that_of_the_voxels() -> None:
    lungs, opacities = sides_turned(read_labels(LUNGS)), read_labels(OPACITIES)
    made = measured(outlined(read_volume(CT), opacities, lungs=lungs))
    whole = made.parts[0]
    inside = np.asarray(lungs.array) > 0
    truth = (np.asarray(opacities.array) > 0) & inside
    assert whole.share_percent == pytest.approx(100 * truth.sum() / inside.sum(), rel=0.02)
    assert made.corona_cm3 == pytest.approx(whole.opacity_ml)
    assert sum(part.lung_ml for part in made.parts[3:]) == pytest.approx(whole.lung_ml)
    assert len(made.parts) == 9


def test_found_lungs_are_said_to_be_found_and_dense_opacities_belong_to_them() -> None:
    opacities = read_labels(OPACITIES)
    found = measured(outlined(read_volume(CT), opacities))
    true = measured(outlined(read_volume(CT), opacities, lungs=sides_turned(read_labels(LUNGS))))
    assert found.parts[0].share_percent == pytest.approx(true.parts[0].share_percent, rel=0.1)
    assert any("not looked at by anybody" in warning for warning in found.warnings)


def test_lobes_are_measured_in_place_of_zones() -> None:
    lungs = sides_turned(read_labels(LUNGS))
    lobes = lungs.with_changes(scheme=LabelScheme.from_names({1: "upper lobe", 2: "lower lobe"}))
    made = measured(outlined(read_volume(CT), read_labels(OPACITIES), lungs=lungs, lobes=lobes))
    assert [part.name for part in made.parts] == [
        "both lungs", "left lung", "right lung", "upper lobe", "lower lobe",
    ]  # fmt: skip
    alike = lungs.with_changes(scheme=LabelScheme.from_names({1: "lobe", 2: "lobe"}))
    made = measured(outlined(read_volume(CT), read_labels(OPACITIES), lungs=lungs, lobes=alike))
    assert [part.name for part in made.parts[3:]] == ["lobe", "lobe (2)"]  # none is dropped


def test_two_scans_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = read_labels(OPACITIES)
    array = np.array(half.array)
    array[: array.shape[0] // 2] = 0
    write(half.with_changes(array=array), tmp_path / "later.nii.gz")
    write(sides_turned(read_labels(LUNGS)), tmp_path / "lungs.nii.gz")
    out = tmp_path / "burden.csv"
    lungs = [str(tmp_path / "lungs.nii.gz")] * 2
    code = main(
        ["burden", str(CT), str(CT), "--opacities", str(OPACITIES), str(tmp_path / "later.nii.gz"),
         "--lungs", *lungs, "--date", "2020-03-01", "2020-03-09", "--out", str(out),
         "--histogram", str(tmp_path / "hu.csv")]
    )  # fmt: skip
    lines = list(csv.reader((tmp_path / "hu.csv").open()))
    assert len(lines[0]) == 4
    assert sum(float(line[2]) for line in lines[1:]) == pytest.approx(100, abs=0.1)
    assert code in (0, 1)
    rows = list(csv.DictReader(out.open()))
    whole = [row for row in rows if row["part"] == "both lungs"]
    assert [row["date"] for row in whole] == ["2020-03-01", "2020-03-09"]
    first, later = (float(row["corona_cm3"]) for row in whole)
    assert float(whole[0]["corona_relative_to_first"]) == 1
    assert float(whole[1]["corona_relative_to_first"]) == pytest.approx(later / first, rel=1e-3)
    assert rows[1]["corona_cm3"] == ""
    assert "% of" in capsys.readouterr().out


def test_bad_input_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "burden.csv"
    assert main(["burden", str(CT), str(CT), "--opacities", str(OPACITIES), "--out", str(out)]) == 2
    assert "2 scans, but 1 --opacities" in capsys.readouterr().err
    assert not out.exists()
    image, opacities = read_volume(CT), read_labels(OPACITIES)
    nothing = opacities.with_changes(array=np.zeros_like(np.asarray(opacities.array)))
    with pytest.raises(InvalidImage, match="No lung"):
        measured(outlined(image, opacities, lungs=nothing))
    other = read_labels(sample_label_maps("mpmr")["zones"])
    with pytest.raises(GeometryMismatch):
        measured(outlined(image, other, lungs=opacities))


def test_lungs_counted_from_the_right_are_told_apart_by_where_they_lie() -> None:
    ct, opacities, lungs = read_volume(CT), read_labels(OPACITIES), read_labels(LUNGS)
    turned = measured(outlined(ct, opacities, lungs=lungs))
    straight = measured(outlined(ct, opacities, lungs=sides_turned(lungs)))
    assert turned.parts == straight.parts
    assert "label 1 lies on the patient's right" in turned.warnings[0]
    assert straight.warnings == ()
    right_only = lungs.with_changes(array=(np.asarray(lungs.array) == 1).astype(np.uint8) * 2)
    one = measured(outlined(ct, opacities, lungs=right_only))
    assert one.parts[1].lung_ml < 0.2 * one.parts[2].lung_ml
