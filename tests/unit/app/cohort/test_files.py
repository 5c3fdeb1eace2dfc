from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.cohort import job
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.cohort.pairing import pair_files
from napari_medassist.core.errors import Cancelled, FileProblem, WriteFailed
from napari_medassist.core.results import Status
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.tables.results import CASE_COLUMNS

AFFINE_RAS = np.diag([-0.5, -0.5, 3.0, 1.0])


def blob(*boxes: tuple[slice, slice, slice]) -> np.ndarray:
    """A label map in NIfTI's own order, (x, y, z)."""
    values = np.zeros((16, 16, 5), dtype=np.uint8)
    for box in boxes:
        values[box] = 1
    return values


LESION, SHIFTED, SECOND = np.s_[2:6, 2:6, 1:3], np.s_[3:7, 2:6, 1:3], np.s_[10:12, 10:12, 2:3]


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE_RAS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two comparable cases: the second has a missed lesion behind a good Dice."""
    reference, prediction = tmp_path / "reference", tmp_path / "prediction"
    save(reference / "case_1.nii.gz", blob(LESION))
    save(prediction / "case_1.nii.gz", blob(SHIFTED))
    save(reference / "case_2.nii.gz", blob(LESION, SECOND))
    save(prediction / "case_2.nii.gz", blob(LESION))
    return reference, prediction, tmp_path / "new" / "results"


def test_tables_hold_each_case_and_each_lesion(folders: tuple[Path, Path, Path]) -> None:
    cohort = evaluate_files(*folders)
    assert [case.status for case in cohort.cases] == [Status.OK, Status.OK]
    table = rows_of(folders[2] / "cases.csv")
    assert tuple(table[0])[: len(CASE_COLUMNS)] == CASE_COLUMNS
    assert [row["case"] for row in table] == ["case_1", "case_2"]
    assert float(table[0]["dice"]) == pytest.approx(0.75)
    assert float(table[0]["hd_mm"]) == pytest.approx(0.5)
    assert float(table[0]["volume_reference_ml"]) == pytest.approx(32 * 0.75 / 1000)
    assert (table[1]["tp_reference"], table[1]["fn"]) == ("1", "1")
    assert len(rows_of(folders[2] / "lesions.csv")) == 5


def test_the_summary_names_the_case_that_hides_an_error(folders: tuple[Path, Path, Path]) -> None:
    evaluate_files(*folders)
    summary = json.loads((folders[2] / "summary.json").read_text())
    assert summary["disagreement"]["cases_with_hidden_errors"] == ["case_2"]
    assert summary["disagreement"]["n_missed_lesions"] == 1
    assert summary["lesions"]["micro_recall"] == pytest.approx(2 / 3)
    assert summary["convention"]["extraction"]["connectivity"] == 26
    assert set(summary["versions"]) >= {"napari-medassist", "python", "numpy", "scipy"}
    assert summary["reference"] == str(folders[0])


def test_a_lesion_row_points_to_its_place_in_the_patient(folders: tuple[Path, Path, Path]) -> None:
    evaluate_files(*folders)
    first = rows_of(folders[2] / "lesions.csv")[0]
    in_ras = AFFINE_RAS @ (3.5, 3.5, 1.5, 1)
    found = [float(first[f"centroid_lps_{axis}_mm"]) for axis in "xyz"]
    assert found == pytest.approx([-in_ras[0], -in_ras[1], in_ras[2]])


def test_files_pair_by_name_whatever_their_ending(folders: tuple[Path, Path, Path]) -> None:
    reference, prediction, out = folders
    (prediction / "case_1.nii.gz").unlink()
    save(prediction / "case_1.nii", blob(SHIFTED))
    assert evaluate_files(reference, prediction, out).cases[0].dice == pytest.approx(0.75)


def test_two_files_are_a_case_whatever_their_names(tmp_path: Path) -> None:
    reference = save(tmp_path / "human.nii.gz", blob(LESION))
    prediction = save(tmp_path / "model.nii.gz", blob(LESION))
    (case,) = evaluate_files(reference, prediction, tmp_path / "out").cases
    assert (case.case, case.dice) == ("human", 1)


def test_a_file_is_compared_with_its_namesake_in_a_folder(folders: tuple[Path, Path, Path]) -> None:
    reference, prediction, out = folders
    (case,) = evaluate_files(reference / "case_2.nii.gz", prediction, out).cases
    assert (case.case, case.status, case.fn) == ("case_2", Status.OK, 1)


class TestFailures:
    """Every case keeps its row; the others go on."""

    def status_and_message(self, folders: tuple[Path, Path, Path], case: str) -> tuple[str, str]:
        evaluate_files(*folders)
        table = {row["case"]: row for row in rows_of(folders[2] / "cases.csv")}
        assert table["case_1"]["status"] == "ok"
        assert table[case]["dice"] == table[case]["fn"] == ""
        return table[case]["status"], table[case]["message"]

    @pytest.mark.parametrize(("side", "other"), [(0, "prediction"), (1, "reference")])
    def test_a_missing_partner(self, folders: tuple[Path, Path, Path], side: int, other: str) -> None:
        save(folders[side] / "alone.nii.gz", blob(LESION))
        assert self.status_and_message(folders, "alone") == (
            "error",
            f"Not compared: no {other} file is called 'alone'.",
        )

    def test_two_files_of_one_name(self, folders: tuple[Path, Path, Path]) -> None:
        save(folders[1] / "case_2.nii", blob(LESION))
        status, message = self.status_and_message(folders, "case_2")
        assert status == "error"
        assert "2 prediction files are called 'case_2'" in message

    @pytest.mark.parametrize("content", [b"", b"no image", None], ids=["empty", "text", "truncated"])
    def test_an_unreadable_file(self, folders: tuple[Path, Path, Path], content: bytes | None) -> None:
        path = folders[1] / "case_2.nii.gz"
        path.write_bytes(path.read_bytes()[:60] if content is None else content)
        status, message = self.status_and_message(folders, "case_2")
        assert status == "error"
        assert str(path) in message

    def test_another_grid(self, folders: tuple[Path, Path, Path]) -> None:
        elsewhere = AFFINE_RAS.copy()
        elsewhere[0, 3] = 2.0
        save(folders[1] / "case_2.nii.gz", blob(LESION), elsewhere)
        status, message = self.status_and_message(folders, "case_2")
        assert status == "grid_mismatch"
        assert "2.00 mm apart" in message
        assert message.count("voxels of") == 2

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            (blob(LESION) * np.float32(0.5), "fractional"),
            (blob(LESION) * np.int16(-1), "negative"),
            (np.stack([blob(LESION)] * 2, axis=-1), ""),
        ],
        ids=["fractions", "negative", "4D"],
    )
    def test_values_that_are_no_labels(
        self, folders: tuple[Path, Path, Path], values: np.ndarray, told: str
    ) -> None:
        save(folders[1] / "case_2.nii.gz", values)
        status, message = self.status_and_message(folders, "case_2")
        assert status == "error"
        assert told in message

    def test_a_fault_nobody_thought_of(
        self, folders: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = job.read_labels

        def faulty(path: Path) -> object:
            if "case_2" in path.name:
                raise ZeroDivisionError("line 1\nline 2")
            return honest(path)

        monkeypatch.setattr(job, "read_labels", faulty)
        assert self.status_and_message(folders, "case_2") == (
            "error",
            "Unexpected ZeroDivisionError: line 1 line 2",
        )


def test_settings_reach_the_comparison(folders: tuple[Path, Path, Path]) -> None:
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.9})
    assert evaluate_files(*folders, convention=strict).cases[0].fn == 1
    absent = evaluate_files(*folders, label=7)
    assert absent.totals.n_reference_lesions == 0
    assert json.loads((folders[2] / "summary.json").read_text())["labels"] == [7]


def test_files_that_are_no_images_are_named_and_hidden_ones_ignored(
    folders: tuple[Path, Path, Path],
) -> None:
    (folders[0] / "notes.txt").write_text("x")
    (folders[0] / ".DS_Store").write_text("x")
    found = pair_files(folders[0], folders[1])
    assert [path.name for path in found.passed_over] == ["notes.txt"]
    assert len(found.pairs) == 2


def test_progress_is_told_and_cancelling_writes_nothing(folders: tuple[Path, Path, Path]) -> None:
    told: list[tuple[int, int, str]] = []
    evaluate_files(*folders, progress=lambda *step: told.append(step))
    assert told == [(0, 2, "case_1"), (1, 2, "case_2"), (2, 2, "")]

    def stop(done: int, _total: int, _message: str, /) -> None:
        if done == 1:
            raise Cancelled("Stopped.")

    out = folders[2].parent / "cancelled"
    with pytest.raises(Cancelled):
        evaluate_files(folders[0], folders[1], out, progress=stop)
    assert not list(out.iterdir())


def test_nothing_to_compare(tmp_path: Path, folders: tuple[Path, Path, Path]) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        evaluate_files(tmp_path / "absent", folders[1], folders[2])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileProblem, match="No image file"):
        evaluate_files(folders[0], tmp_path / "empty", folders[2])


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    folders: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("a case was read")

    monkeypatch.setattr(job, "read_labels", never)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteFailed, match="cannot be written here"):
        evaluate_files(folders[0], folders[1], tmp_path / "file" / "out")
