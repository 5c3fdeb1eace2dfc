"""``napari-medassist worklist``."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.cli.main import main


def test_a_list_is_made_and_its_table_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / "cases" / name).mkdir(parents=True)
    path = tmp_path / "study.worklist.json"
    assert main(["worklist", str(tmp_path / "cases"), "--out", str(path), "--blinded"]) == 0
    assert "blinded, 2 cases" in capsys.readouterr().out
    worklist = Worklist(path)
    assert worklist.is_blinded
    worklist.change("b", "Anna", status=Status.DONE, active_s=12.5, notes="x, y")
    table = tmp_path / "table.csv"
    assert main(["worklist", str(path), "--out", str(table)]) == 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["case"], r["reader"], r["status"], r["active_s"], r["notes"]) for r in rows] == [
        ("a", "Anna", "open", "0.0", ""),
        ("b", "Anna", "done", "12.5", "x, y"),
    ]
    capsys.readouterr()
    assert main(["worklist", str(path)]) == 0
    assert capsys.readouterr().out == table.read_text()


def test_what_cannot_be_done_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    path = tmp_path / "w.worklist.json"
    assert main(["worklist", str(tmp_path), "--out", str(path)]) == 0
    before = path.read_text()
    assert main(["worklist", str(tmp_path), "--out", str(path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert path.read_text() == before
    assert main(["worklist", str(tmp_path)]) == 2
    assert main(["worklist", str(path), "--blinded"]) == 2
    (tmp_path / "a.mha").write_text("")
    assert main(["worklist", str(tmp_path), "--out", str(tmp_path / "two.json")]) == 1
    assert "2 cases are called 'a'" in capsys.readouterr().err
