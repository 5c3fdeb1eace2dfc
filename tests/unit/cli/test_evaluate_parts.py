"""Zones and labels from the shell: tables, summary, report, what is wrong, and opening it again."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.cohort.plain import to_plain
from napari_medassist.app.cohort.reopen import load_results
from napari_medassist.cli.main import main
from napari_medassist.evaluation.case import evaluate
from napari_medassist.io.files import read_labels

AFFINE_RAS = np.diag([-0.5, -0.5, 3.0, 1.0])
SCHEME = "1: peripheral zone\n2: {name: transition zone, colour: [86, 180, 233]}\n"


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE_RAS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def boxes(*places: tuple[slice, slice, slice], value: int = 1) -> np.ndarray:
    """A label map in NIfTI's own order, (x, y, z)."""
    values = np.zeros((20, 20, 6), dtype=np.uint8)
    for number, place in enumerate(places):
        values[place] = value + number
    return values


LEFT, RIGHT, ACROSS = np.s_[2:5, 2:6, 1:3], np.s_[14:18, 2:6, 1:3], np.s_[9:12, 12:16, 2:4]


def zones() -> np.ndarray:
    values = boxes()
    values[:10], values[10:18] = 1, 2
    return values


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three cases: a lesion in each zone is found, one is missed across both, one is false outside."""
    for case in ("a", "b", "c"):
        save(tmp_path / "human" / f"{case}.nii.gz", boxes(LEFT, RIGHT, ACROSS))
        save(tmp_path / "ai" / f"{case}.nii.gz", boxes(LEFT, RIGHT, np.s_[19:20, 8:10, 1:3]))
        save(tmp_path / "zones" / f"{case}.nii.gz", zones())
    (tmp_path / "zones.yaml").write_text(SCHEME)
    (tmp_path / "labels.yaml").write_text("1: index lesion\n2: second lesion\n3: third lesion\n")
    return tmp_path


def run(study: Path, *options: object) -> int:
    places = ["--reference", study / "human", "--prediction", study / "ai", "--out", study / "out"]
    return main([str(part) for part in ("evaluate", *places, *options)])


def with_zones(study: Path) -> list[object]:
    return ["--zones", study / "zones", "--zone-scheme", study / "zones.yaml"]


def rows_of(study: Path, table: str) -> list[dict[str, str]]:
    with (study / "out" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def summary_of(study: Path) -> dict[str, Any]:
    return json.loads((study / "out" / "summary.json").read_text(encoding="utf-8"))


def test_a_row_a_case_and_zone(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(study, *with_zones(study)) == 0
    table = rows_of(study, "regions")
    assert [(row["case"], row["zone"], row["value"]) for row in table[:4]] == [
        ("a", "peripheral zone", "1"),
        ("a", "transition zone", "2"),
        ("a", "outside", "0"),
        ("b", "peripheral zone", "1"),
    ]
    peripheral, transition, outside = table[:3]
    assert (peripheral["tp_reference"], peripheral["fn"], peripheral["fp"]) == ("1", "0", "0")
    assert (transition["tp_reference"], transition["fn"], transition["fp"]) == ("1", "1", "0")
    assert (outside["n_voxels"], outside["fp"], outside["dice"]) == ("240", "1", "0")
    assert float(transition["dice"]) == pytest.approx(2 * 32 / (32 + 32 + 16))
    of_case = [row for row in rows_of(study, "lesions") if row["case"] == "a"]
    straddling = [row for row in of_case if row["zone_fraction"] != "1"]
    assert [(row["zone"], float(row["zone_fraction"])) for row in straddling] == [
        ("transition zone", 2 / 3)
    ]
    assert {row["zone_status"] for row in rows_of(study, "cases")} == {"ok"}
    out = capsys.readouterr().out
    assert (
        "transition zone      3 cases   Dice 0.800 (n 3)     3 found, 3 missed, 3 true, 0 false" in out
    )


def test_the_summary_adds_zones_up(study: Path) -> None:
    run(study, *with_zones(study))
    found = summary_of(study)
    assert found["zones"]["cases"] == {"ok": 3, "missing": 0, "grid_mismatch": 0, "error": 0}
    by_name = {zone["name"]: zone for zone in found["zones"]["regions"]}
    assert list(by_name) == ["peripheral zone", "transition zone", "outside"]
    assert by_name["transition zone"]["lesions"]["micro_recall"] == 0.5
    assert by_name["outside"]["lesions"]["micro_precision"] == 0
    assert by_name["outside"]["lesions"]["micro_recall"] is None
    assert by_name["outside"]["metrics"]["hd_mm"] == {
        "mean": None,
        "n_defined": 0,
        "n_undefined": 3,
        "n_undefined_with_lesion": 0,
    }
    assert found["zone_scheme"] == {"1": "peripheral zone", "2": "transition zone"}
    totals = found["lesions"]
    for name in ("tp_reference", "fn", "tp_prediction", "fp"):
        assert sum(zone["lesions"][name] for zone in by_name.values()) == totals[name]


def test_whole_case_numbers_stay_as_they_are_without_zones(study: Path) -> None:
    run(study, *with_zones(study))
    divided = load_results(study / "out").cohort
    run(study)
    plain = load_results(study / "out").cohort
    assert repr(divided.means) == repr(plain.means)
    assert (divided.totals, divided.hidden_errors) == (plain.totals, plain.hidden_errors)
    assert not (study / "out" / "regions.csv").exists()  # of the run before


def assert_opens_again(study: Path, first: Path, options: list[object]) -> None:
    """What is read back equals a run that is computed anew."""
    shutil.copytree(study / "out", first)
    again = load_results(first).cohort
    run(study, *options, "--no-cache")
    assert load_results(study / "out").cohort.cases == again.cases
    names = ("regions.csv", "labels.csv", "lesions.csv", "cases.csv", "summary.json")
    for name in names:
        if (first / name).exists():
            assert (first / name).read_bytes() == (study / "out" / name).read_bytes()


def test_results_by_zone_and_label_open_again(study: Path) -> None:
    options = [*with_zones(study), "--scheme", study / "labels.yaml", "--per-label", "--metrics", "all"]
    assert run(study, *options) == 0
    again = load_results(study / "out")
    (first, *_) = again.cohort.cases
    assert [region.name for region in first.regions] == [
        "peripheral zone",
        "transition zone",
        "outside",
    ]
    assert [label.name for label in first.labels] == ["index lesion", "second lesion", "third lesion"]
    assert again.pairs[0].zones == ((study / "zones" / "a.nii.gz").resolve(),)
    assert [part.name for part in again.cohort.regions] == [r.name for r in first.regions]
    frames = again.cohort.to_frames()
    assert len(frames["regions"]) == len(frames["labels"]) == 9
    assert_opens_again(study, study / "first", options)


def test_labels_are_compared_as_if_each_were_alone(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(study, "--scheme", study / "labels.yaml", "--per-label") == 0
    table = rows_of(study, "labels")
    assert len(table) == 9
    assert "third lesion" in capsys.readouterr().out
    reference, prediction = (read_labels(study / side / "b.nii.gz") for side in ("human", "ai"))
    for row in table[3:6]:
        alone = evaluate(reference, prediction, label=int(row["value"]))
        found = load_results(study / "out").cohort.cases[1].labels[int(row["value"]) - 1]
        assert repr(sorted(to_plain(found.scores).items())) == repr(
            sorted(to_plain(alone.scores).items())
        )
        assert (row["fn"], row["fp"]) == (str(alone.fn), str(alone.fp))
    by_name = {label["name"]: label for label in summary_of(study)["labels_apart"]}
    assert by_name["third lesion"]["lesions"]["fn"] == 3
    assert by_name["index lesion"]["metrics"]["dice"]["mean"] == 1


def test_labels_are_chosen_by_name(study: Path) -> None:
    scheme = ["--scheme", study / "labels.yaml"]
    assert run(study, *scheme, "--label", "Index lesion", 2) == 0
    assert summary_of(study)["labels"] == [1, 2]
    assert {row["dice"] for row in rows_of(study, "cases")} == {"1"}


def test_one_zone_map_for_all_cases_and_a_manifest_with_zones(study: Path) -> None:
    assert run(study, *with_zones(study)) == 0
    expected = load_results(study / "out").cohort.cases
    assert run(study, *with_zones(study), "--zones", study / "zones" / "a.nii.gz") == 0
    assert load_results(study / "out").cohort.cases == expected
    again = study / "again"
    command = ["evaluate", "--manifest", study / "out" / "files.csv", "--out", again]
    assert main([str(part) for part in (*command, "--zone-scheme", study / "zones.yaml")]) == 0
    assert load_results(again).cohort.cases == expected


class TestZoneMapsThatCannotBeUsed:
    """The comparison itself stands; the row, the summary and the exit code tell."""

    def not_used(self, study: Path, capsys: pytest.CaptureFixture[str], status: str) -> str:
        for _ in range(2):  # what is kept of the first run changes nothing
            assert run(study, *with_zones(study)) == 1
            err = capsys.readouterr().err
            assert f"1 case without a zone map that can be used (1 {status}):" in err
            (row,) = (row for row in rows_of(study, "cases") if row["case"] == "b")
            assert (row["status"], row["zone_status"]) == ("ok", status)
            assert row["dice"]
            assert row["message"] in err
        assert {row["case"] for row in rows_of(study, "regions")} == {"a", "c"}
        found = summary_of(study)["zones"]
        assert (found["cases"]["ok"], found["cases"][status]) == (2, 1)
        assert [entry["case"] for entry in found["not_used"]] == ["b"]
        case = load_results(study / "out").cohort.cases[1]
        assert (case.zone_status, case.message) == (status, row["message"])
        return row["message"]

    def test_there_is_none(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (study / "zones" / "b.nii.gz").rename(study / "zones" / "other.nii.gz")
        message = self.not_used(study, capsys, "missing")
        assert message == "Zones not used: no zone map is called 'b'."
        assert summary_of(study)["zone_maps_without_case"] == [str(study / "zones" / "other.nii.gz")]

    def test_it_lies_on_another_grid(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        moved = AFFINE_RAS.copy()
        moved[0, 3] = 4.0
        save(study / "zones" / "b.nii.gz", zones(), moved)
        message = self.not_used(study, capsys, "grid_mismatch")
        assert "4.00 mm apart" in message

    def test_it_is_broken(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = study / "zones" / "b.nii.gz"
        path.write_bytes(b"broken")
        assert str(path) in self.not_used(study, capsys, "error")

    def test_there_are_two(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(study / "zones" / "b.nii", zones())
        assert "2 zone maps are called 'b'" in self.not_used(study, capsys, "error")

    def test_values_in_no_scheme_keep_their_zone(
        self, study: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        more = zones()
        more[18:] = 9
        save(study / "zones" / "b.nii.gz", more)
        assert run(study, *with_zones(study)) == 1
        assert (
            "b: The zone map holds values that the scheme does not list: 9." in capsys.readouterr().err
        )
        of_case = [row["zone"] for row in rows_of(study, "regions") if row["case"] == "b"]
        assert of_case == ["peripheral zone", "transition zone", "zone 9"]


def test_a_changed_zone_map_is_not_taken_from_the_kept_results(study: Path) -> None:
    run(study, *with_zones(study))
    save(study / "zones" / "a.nii.gz", np.ones_like(zones()))
    run(study, *with_zones(study))
    assert [row["zone"] for row in rows_of(study, "regions") if row["case"] == "a"] == [
        "peripheral zone"
    ]
    run(study)
    assert "zones" not in summary_of(study)


def test_zones_of_probability_maps(study: Path) -> None:
    for case in ("a", "b", "c"):
        values = boxes(LEFT, RIGHT) > 0
        save(study / "ai" / f"{case}.nii.gz", (values * 0.9).astype(np.float32))
    assert run(study, *with_zones(study), "--kind", "probability", "--convention", "picai") == 0
    table = rows_of(study, "regions")
    assert [row["tp_reference"] for row in table[:3]] == ["1", "1", "0"]
    assert_opens_again(
        study, study / "first", [*with_zones(study), "--kind", "probability", "--convention", "picai"]
    )
