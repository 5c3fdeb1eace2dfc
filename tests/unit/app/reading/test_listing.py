"""Cases of folders and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.reading.listing import listed
from napari_medassist.core.errors import FileProblem


def test_each_folder_and_each_image_file_is_a_case(tmp_path: Path) -> None:
    for name in ("b", "a", "readings", "adjudicated", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("c.nii.gz", "notes.txt", "d.mha"):
        (tmp_path / name).write_text("")
    found = listed(tmp_path)
    assert [case.name for case in found.cases] == ["a", "b", "c", "d"]
    assert found.cases[2].paths == (tmp_path / "c.nii.gz",)
    assert found.warnings == ()


def test_two_cases_of_one_name_in_a_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    for name in ("x.nii.gz", "x.mha", "y.mha"):
        (tmp_path / name).write_text("")
    found = listed(tmp_path)
    assert sorted(case.name for case in found.cases) == ["x", "x.mha", "x.nii.gz", "y"]
    assert found.warnings == ("3 cases are called 'x': they are listed by their full file names.",)


def test_a_table_with_several_files_a_case(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("Case;Path;extra\np1;t2.nii | sub/adc.nii;x\np2;/abs/b.nii;\n;c.nii.gz;\n;;\n")
    cases = listed(table).cases
    assert [case.name for case in cases] == ["p1", "p2", "c"]
    assert cases[0].paths == (tmp_path / "t2.nii", tmp_path / "sub/adc.nii")
    assert cases[1].paths == (Path("/abs/b.nii"),)


def test_two_rows_of_one_name_are_refused_with_their_lines(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("case,path\np1,a.nii\np2,b.nii\np1,c.nii\n")
    with pytest.raises(FileProblem, match=r"'p1' stands twice, in lines 2 and 4"):
        listed(table)


@pytest.mark.parametrize("text", ["case,where\na,b\n", "", "case,path\n"])
def test_a_table_that_names_no_case_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(FileProblem, match=r"no column 'path'|lists no case"):
        listed(tmp_path / "list.csv")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no cases here"):
        listed(tmp_path)
    with pytest.raises(FileProblem, match="no such file"):
        listed(tmp_path / "missing")
