from __future__ import annotations

import argparse
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.cli import evaluate


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *(str(a) for a in arguments)])
    return args.run(args)


def save(path: Path, values: np.ndarray, spacing: float = 1.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.diag([spacing, spacing, 3.0, 1.0])), path)
    return path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    values = np.zeros((12, 12, 4), dtype=np.uint8)
    values[1:6, 1:6, 1:3] = 1
    with_second = values.copy()
    with_second[9, 9, 2] = 2
    for case in ("a", "b"):
        save(tmp_path / "reference" / f"{case}.nii.gz", with_second)
        save(tmp_path / "prediction" / f"{case}.nii.gz", values)
    return tmp_path / "reference", tmp_path / "prediction", tmp_path / "out"


def options(folders: tuple[Path, Path, Path]) -> list[object]:
    return ["--reference", folders[0], "--prediction", folders[1], "--out", folders[2]]


def test_both_levels_stand_side_by_side(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options(folders)) == 0
    out, err = capsys.readouterr()
    assert "2 cases, 2 compared" in out
    (side_by_side,) = (line for line in out.splitlines() if line.startswith("  Dice  "))
    assert "0.990" in side_by_side
    assert "4: 2 found, 2 missed" in side_by_side
    assert "2 lesions missed and 0 false in 2 of the 2 cases whose Dice is >= 0.70" in out
    assert str(folders[2] / "cases.csv") in out
    assert err == ""


def test_what_could_not_be_compared_is_told_and_sets_the_exit_code(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    save(folders[1] / "b.nii.gz", np.zeros((12, 12, 4), dtype=np.uint8), spacing=2.0)
    save(folders[0] / "c.nii.gz", np.zeros((12, 12, 4), dtype=np.uint8))
    assert run(*options(folders)) == 1
    out, err = capsys.readouterr()
    assert "3 cases, 1 compared" in out
    assert "2 cases could not be compared (1 grid_mismatch, 1 error):" in err
    assert "c: Not compared: no prediction file" in err


def test_quiet_says_only_what_went_wrong(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options(folders), "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    save(folders[0] / "c.nii.gz", np.zeros((12, 12, 4), dtype=np.uint8))
    assert run(*options(folders), "--quiet") == 1
    assert "1 case could not be compared (1 error)" in capsys.readouterr().err


def test_options_reach_the_comparison(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options(folders), "--label", 1, "--connectivity", 6, "--overlap", 0.5) == 0
    assert "2: 2 found, 0 missed" in capsys.readouterr().out
    summary = (folders[2] / "summary.json").read_text()
    assert '"connectivity": 6' in summary
    assert '"threshold_prediction": 0.5' in summary


def test_a_label_that_no_file_holds_is_told(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options(folders), "--label", 7, 8, "--quiet") == 1
    assert "No compared file holds a label 7 or 8." in capsys.readouterr().err
    assert run(*options(folders), "--label", 1, "--set", "extraction.min_volume_mm3=1e9") == 0
    assert "No compared file" not in capsys.readouterr().err


def test_each_label_that_no_file_holds_is_told_beside_one_that_is_held(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # computed, and from the kept results
        assert run(*options(folders), "--label", 1, 77, 2, 78) == 1
        assert "No compared file holds a label 77 or 78." in capsys.readouterr().err
        told = json.loads((folders[2] / "summary.json").read_text())
        assert told["labels_in_no_file"] == [77, 78]
    assert run(*options(folders), "--label", 1, 2) == 0  # 2 is in the references only
    assert "labels_in_no_file" not in (folders[2] / "summary.json").read_text()


def test_one_case_is_a_case(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["--reference", folders[0] / "a.nii.gz", "--prediction", folders[1] / "a.nii.gz"]
    assert run(*pair, "--out", folders[2]) == 0
    assert capsys.readouterr().out.startswith("1 case, 1 compared\n")


@pytest.mark.parametrize(
    "wrong", [["--overlap", 0], ["--overlap", "nan"], ["--tolerance-mm", -1], ["--label", 0]]
)
def test_unusable_settings(
    folders: tuple[Path, Path, Path], wrong: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options(folders), *wrong) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (folders[2] / "cases.csv").exists()


def test_unusable_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--reference", tmp_path / "no", "--prediction", tmp_path, "--out", tmp_path) == 2
    assert "There is no such file or folder" in capsys.readouterr().err


def test_cases_without_any_lesion_print_undefined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = save(tmp_path / "x" / "a.nii.gz", np.zeros((5, 5, 5), dtype=np.uint8))
    assert run("--reference", empty, "--prediction", empty, "--out", tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert "undefined in all cases" in out
    assert "recall     undefined" in out
    assert "none in 0 cases" in out
