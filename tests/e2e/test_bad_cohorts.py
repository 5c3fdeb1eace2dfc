"""Bad input to ``evaluate``: the message names file and cure, the others go on, the exit code tells."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.cohort.reopen import load_results
from napari_medassist.cli.main import main

SHAPE = (16, 16, 5)


def save(path: Path, values: np.ndarray, spacing_mm: float = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.diag([-spacing_mm, -spacing_mm, 3.0, 1.0])), path)
    return path


def labels(value: int = 1) -> np.ndarray:
    values = np.zeros(SHAPE, dtype=np.uint8)
    values[2:7, 2:7, 1:3] = value
    return values


def probabilities() -> np.ndarray:
    return (labels() * 0.8).astype(np.float32)


@dataclass
class Study:
    """A folder with references and predictions of a few good cases."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def add(self, case: str, reference: np.ndarray | None, prediction: np.ndarray | None) -> None:
        for side, values in (("reference", reference), ("prediction", prediction)):
            if values is not None:
                save(self.folder / side / f"{case}.nii.gz", values)

    def path(self, side: str, case: str) -> Path:
        return self.folder / side / f"{case}.nii.gz"

    def run(self, *options: object) -> tuple[int, str, str]:
        """Compare the folders; return exit code, output and errors."""
        places = []
        if "--manifest" not in options:
            for side in ("reference", "prediction"):
                places += [f"--{side}", self.folder / side]
        command = ["evaluate", *places, "--out", self.folder / "out", *options]
        code = main([str(part) for part in command])
        return code, *self.capsys.readouterr()

    def rows(self, table: str = "cases") -> list[dict[str, str]]:
        with (self.folder / "out" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def summary(self) -> dict:
        return json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))

    def assert_only_this_failed(self, case: str, status: str = "error") -> dict[str, str]:
        """Return its row; every other case was compared, and the results can be opened again."""
        (failed,) = (row for row in self.rows() if row["case"] == case)
        assert failed["status"] == status
        others = [row for row in self.rows() if row["case"] != case]
        assert others
        assert all(row["status"] == "ok" and row["dice"] for row in others)
        assert load_results(self.folder / "out").cohort.n_by_status["ok"] == len(others)
        return failed


@pytest.fixture
def study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Study:
    made = Study(tmp_path, capsys)
    for case in ("a", "b"):
        made.add(case, labels(), labels())
    return made


@pytest.fixture
def maps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Study:
    made = Study(tmp_path, capsys)
    for case in ("a", "b"):
        made.add(case, labels(), probabilities())
    return made


def with_voxel(value: float) -> np.ndarray:
    values = probabilities()
    values[0, 0, 0] = value
    return values


BAD_MAPS = {
    "above 1": (lambda: with_voxel(1.5), "runs from 0 to 1, this one from 0 to 1.5"),
    "below 0": (lambda: with_voxel(-0.25), "runs from 0 to 1, this one from -0.25"),
    "not a number": (lambda: with_voxel(np.nan), "not finite"),
    "infinite": (lambda: with_voxel(np.inf), "not finite"),
    "integers": (lambda: labels(200), "needs floating point values, its array is uint8"),
}


@pytest.mark.parametrize("kind", ["probability", "detection"])
@pytest.mark.parametrize(("values", "told"), BAD_MAPS.values(), ids=BAD_MAPS)
def test_maps_that_are_no_probabilities(
    maps: Study, kind: str, values: Callable[[], np.ndarray], told: str
) -> None:
    maps.add("bad", labels(), values())
    code, out, err = maps.run("--kind", kind)
    assert code == 1
    assert "3 cases, 2 compared" in out
    row = maps.assert_only_this_failed("bad")
    for text in (row["message"], err):
        assert str(maps.path("prediction", "bad")) in text
        assert told in text
        assert "Save " in text


def test_probabilities_taken_for_labels(study: Study) -> None:
    study.add("bad", labels(), probabilities())
    code, _, err = study.run()
    assert code == 1
    message = study.assert_only_this_failed("bad")["message"]
    assert str(study.path("prediction", "bad")) in message
    assert "fractional" in err
    assert "Threshold" in message


def test_different_grids_are_never_resampled(study: Study) -> None:
    study.add("bad", labels(), None)
    save(study.path("prediction", "bad"), labels(), spacing_mm=0.6)
    code, _, err = study.run()
    assert code == 1
    row = study.assert_only_this_failed("bad", "grid_mismatch")
    assert "Resample one of them" in row["message"]
    assert row["message"].count("voxels of") == 2
    assert "1 grid_mismatch" in err


def test_another_shape_is_never_padded(study: Study) -> None:
    study.add("bad", labels(), labels()[:-1])
    assert study.run()[0] == 1
    assert "shapes differ" in study.assert_only_this_failed("bad", "grid_mismatch")["message"]


@pytest.mark.parametrize("present", ["reference", "prediction"])
def test_a_missing_partner_file(study: Study, present: str) -> None:
    save(study.path(present, "alone"), labels())
    code, _, err = study.run()
    absent = {"reference": "prediction", "prediction": "reference"}[present]
    assert code == 1
    assert f"no {absent} file is called 'alone'" in study.assert_only_this_failed("alone")["message"]
    assert f"no {absent} file is called 'alone'" in err


def test_a_missing_file_of_a_manifest(study: Study) -> None:
    table = study.folder / "cases.csv"
    table.write_text(
        "case,reference,prediction\n"
        "a,reference/a.nii.gz,prediction/a.nii.gz\n"
        "lost,reference/b.nii.gz,prediction/lost.nii.gz\n"
        "empty,reference/b.nii.gz,\n"
    )
    code, out, err = study.run("--manifest", table)
    assert code == 1
    assert "3 cases, 1 compared" in out
    assert str(study.path("prediction", "lost")) in err
    assert "no prediction file is called 'empty'" in err


def test_two_cases_of_one_name(study: Study) -> None:
    save(study.folder / "prediction" / "b.nii", labels())
    code, _, err = study.run()
    assert code == 1
    message = study.assert_only_this_failed("b")["message"]
    assert "2 prediction files are called 'b'" in message
    assert str(study.path("prediction", "b")) in message
    assert "2 prediction files" in err


def test_two_rows_of_one_name(study: Study) -> None:
    table = study.folder / "cases.csv"
    rows = ["case,reference,prediction"]
    rows += [f"{n},reference/{f}.nii.gz,prediction/{f}.nii.gz" for n, f in ("aa", "ba", "bb")]
    table.write_text("\n".join(rows))
    assert study.run("--manifest", table)[0] == 1
    message = study.assert_only_this_failed("b")["message"]
    assert "2 reference files are called 'b'" in message


def test_one_unreadable_file_in_a_thousand(study: Study) -> None:
    good = {side: study.path(side, "a") for side in ("reference", "prediction")}
    files = f"{good['reference']},{good['prediction']}"
    rows = ["case,reference,prediction", *(f"case_{n:03},{files}" for n in range(1000))]
    broken = study.folder / "broken.nii.gz"
    broken.write_bytes(b"\x1f\x8bnot really compressed")
    rows[500] = f"bad,{good['reference']},{broken}"
    table = study.folder / "cases.csv"
    table.write_text("\n".join(rows))
    code, out, err = study.run("--manifest", table, "--workers", 1)
    assert code == 1
    assert "1000 cases, 999 compared" in out
    assert "1 case could not be compared (1 error):" in err
    assert str(broken) in study.assert_only_this_failed("bad")["message"]
    assert study.summary()["cases"]["ok"] == 999
    assert str(broken) in study.summary()["cases"]["not_compared"][0]["message"]


def test_mixed_spacing_is_told(study: Study) -> None:
    for side in ("reference", "prediction"):
        save(study.path(side, "coarse"), labels(), spacing_mm=0.8)
    code, out, _ = study.run()
    assert code == 0
    assert "Mixed voxel spacing: 2 different ones, most often 3x0.5x0.5 mm (z, y, x)" in out
    assert study.summary()["spacings_zyx_mm"] == [
        {"spacing_zyx_mm": [3.0, 0.5, 0.5], "n_cases": 2},
        {"spacing_zyx_mm": [3.0, 0.8, 0.8], "n_cases": 1},
    ]


@pytest.mark.parametrize("what", ["empty folder", "empty manifest", "no such folder", "no match"])
def test_zero_cases(study: Study, what: str) -> None:
    table = study.folder / "empty.csv"
    table.write_text("case,reference,prediction\n")
    (study.folder / "empty").mkdir()
    place = {
        "empty folder": study.folder / "empty",
        "no such folder": study.folder / "absent",
        "no match": study.folder / "reference" / "*_no.nii.gz",
    }.get(what)
    options = ["--manifest", table] if place is None else ["--prediction", place]
    code, out, err = study.run(*options)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert str(table if place is None else place) in err
    cures = ("Add a row", "Give the folder", "Check the name", "Check it")
    assert any(cure in err for cure in cures)
    assert not (study.folder / "out").exists()


class TestValuesInNoScheme:
    def scheme(self, study: Study, text: str = "1: lesion\n") -> Path:
        path = study.folder / "scheme.yaml"
        path.write_text(text)
        return path

    def test_they_are_told_by_case_and_counted_and_not_dropped(self, study: Study) -> None:
        study.add("c", labels() + 2 * (labels(1)[::-1]), labels(7))
        code, out, err = study.run("--scheme", self.scheme(study), "--per-label")
        assert code == 1
        assert "3 cases, 3 compared" in out
        assert "1 case with values that the scheme does not list (2, 7):" in err
        assert "c: The reference holds values that the scheme does not list: 2. The prediction" in err
        (row,) = (row for row in study.rows() if row["case"] == "c")
        assert (row["status"], row["unlisted_labels"]) == ("ok", "2 7")
        assert study.summary()["labels_in_no_scheme"] == {"n_cases": 1, "cases": {"c": [2, 7]}}

    def test_a_complete_scheme_is_no_remark(self, study: Study) -> None:
        code, _, err = study.run("--scheme", self.scheme(study))
        assert (code, err) == (0, "")
        assert "labels_in_no_scheme" not in study.summary()

    def test_in_references_of_probability_maps(self, maps: Study) -> None:
        maps.add("c", labels(3), probabilities())
        code, _, err = maps.run("--scheme", self.scheme(maps), "--kind", "probability")
        assert code == 1
        assert "c: The reference holds values that the scheme does not list: 3." in err

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (["--per-label"], "label scheme (--scheme)"),
            (["--label", "lesion"], "whole numbers from 1 on, not 'lesion'"),
            (["--scheme", "SCHEME", "--label", "lesoin"], "It has: lesion."),
            (["--scheme", "SCHEME", "--per-label", "--kind", "probability"], "knows no labels"),
            (["--scheme", "nowhere.yaml"], "nowhere.yaml"),
        ],
    )
    def test_what_cannot_be_asked_for(self, study: Study, options: list[str], told: str) -> None:
        scheme = str(self.scheme(study))
        code, out, err = study.run(*(scheme if option == "SCHEME" else option for option in options))
        assert (code, out) == (2, "")
        assert told in err
