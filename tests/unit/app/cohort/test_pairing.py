"""Which files belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.cohort.manifest import read_manifest
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.core.errors import FileProblem


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def by_case(pairs: tuple[FilePair, ...]) -> dict[str, tuple[list[str], list[str]]]:
    return {p.case: ([f.name for f in p.reference], [f.name for f in p.prediction]) for p in pairs}


class TestPatterns:
    def test_what_stands_for_the_wildcard_names_the_case(self, tmp_path: Path) -> None:
        make(tmp_path, "r/case_01_gt.nii.gz", "r/case_02_gt.nii.gz", "r/other.nii.gz")
        make(tmp_path, "p/pred-01.mha", "p/pred-02.mha")
        found = pair_files(f"{tmp_path}/r/case_*_gt.nii.gz", f"{tmp_path}/p/pred-*.mha")
        assert by_case(found.pairs) == {
            "01": (["case_01_gt.nii.gz"], ["pred-01.mha"]),
            "02": (["case_02_gt.nii.gz"], ["pred-02.mha"]),
        }

    def test_a_folder_a_case(self, tmp_path: Path) -> None:
        make(tmp_path, "a/human.nii.gz", "a/ai.nii.gz", "b/c/human.nii.gz", "b/c/ai.nii.gz")
        found = pair_files(f"{tmp_path}/**/human.nii.gz", f"{tmp_path}/**/ai.nii.gz")
        assert list(by_case(found.pairs)) == ["a", "b/c"]
        assert not any(pair.problem for pair in found.pairs)

    def test_a_pattern_beside_a_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "r/a.nii.gz", "r/b.nii.gz", "r/note.txt", "p/a.nii")
        found = pair_files(f"{tmp_path}/r/*", tmp_path / "p")
        assert by_case(found.pairs) == {"a": (["a.nii.gz"], ["a.nii"]), "b": (["b.nii.gz"], [])}
        assert [path.name for path in found.passed_over] == ["note.txt"]

    def test_brackets_and_question_marks(self, tmp_path: Path) -> None:
        make(tmp_path, "r/x1.nii", "r/x2.nii", "r/y1.nii", "p/x1.nii", "p/x2.nii")
        found = pair_files(f"{tmp_path}/r/[!y]?.nii", f"{tmp_path}/p/[x]?.nii")
        assert list(by_case(found.pairs)) == ["x/1", "x/2"]

    def test_a_name_with_brackets_is_a_name_first(self, tmp_path: Path) -> None:
        make(tmp_path, "[1]/a.nii", "p/a.nii")
        assert list(by_case(pair_files(tmp_path / "[1]", tmp_path / "p").pairs)) == ["a"]

    def test_one_name_twice_is_a_problem_of_that_case(self, tmp_path: Path) -> None:
        make(tmp_path, "r/a.nii", "r/a.mha", "r/b.nii", "p/a.nii", "p/b.nii")
        first, second = pair_files(f"{tmp_path}/r/*", tmp_path / "p").pairs
        assert "2 reference files are called 'a'" in first.problem
        assert not second.problem

    def test_nothing_fits(self, tmp_path: Path) -> None:
        make(tmp_path, "p/a.nii")
        with pytest.raises(FileProblem, match="No image file fits this pattern"):
            pair_files(f"{tmp_path}/r/*.nii", tmp_path / "p")


class TestBidsTrees:
    def test_subjects_and_sessions_are_cases_and_only_masks_count(self, tmp_path: Path) -> None:
        sides = {}
        for side in ("human", "ai"):
            sides[side] = make(
                tmp_path / side,
                "dataset_description.json",
                f"sub-01/ses-1/anat/sub-01_ses-1_space-T2w_desc-{side}_dseg.nii.gz",
                f"sub-01/ses-2/anat/sub-01_ses-2_desc-{side}_mask.nii.gz",
                "sub-01/ses-1/anat/sub-01_ses-1_T2w.nii.gz",
            )
        make(sides["ai"], "sub-02/anat/sub-02_run-2_label-lesion_dseg.nii.gz")
        pairs = pair_files(sides["human"], sides["ai"]).pairs
        assert [pair.case for pair in pairs] == ["sub-01_ses-1", "sub-01_ses-2", "sub-02_run-2"]
        assert [pair.problem for pair in pairs][:2] == ["", ""]
        assert "no reference file" in pairs[2].problem

    def test_two_maps_of_one_session_are_not_chosen_from(self, tmp_path: Path) -> None:
        tree = make(tmp_path, "sub-1/sub-1_label-a_dseg.nii", "sub-1/sub-1_label-b_dseg.nii")
        (pair,) = pair_files(tree, tree).pairs
        assert "2 reference files" in pair.problem

    def test_a_tree_without_masks(self, tmp_path: Path) -> None:
        make(tmp_path, "sub-1/anat/sub-1_T2w.nii.gz")
        with pytest.raises(FileProblem, match="No image file lies directly"):
            pair_files(tmp_path, tmp_path)


class TestManifest:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "cases.csv"
        path.write_text(text, encoding="utf-8-sig")
        return path

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_paths_are_taken_from_its_folder(self, tmp_path: Path, delimiter: str) -> None:
        lines = [
            "Case,reference,prediction,centre,group,age",
            "a,r/1.nii,p/1.nii,x,north,61",
            ",,,,,",
            "b,/abs/2.nii,p/2.nii,,south,70",
        ]
        found = read_manifest(self.write(tmp_path, "\n".join(lines).replace(",", delimiter)))
        assert found.pairs == (
            FilePair("a", (tmp_path / "r/1.nii",), (tmp_path / "p/1.nii",), "north"),
            FilePair("b", (Path("/abs/2.nii"),), (tmp_path / "p/2.nii",), "south"),
        )

    def test_one_name_twice_and_a_missing_file(self, tmp_path: Path) -> None:
        text = "case,reference,prediction\na,1.nii,2.nii\nb,1.nii,\na,3.nii,4.nii\n"
        first, second = read_manifest(self.write(tmp_path, text)).pairs
        assert "2 reference files are called 'a'" in first.problem
        assert second.problem == "no prediction file is called 'b'"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "no column case and no column reference"),
            ("case,reference\na,b\n", "no column prediction"),
            ("case,reference,prediction\n", "holds no case"),
            ("case,reference,prediction\n,a,b\n", "Row 2 has no case name"),
        ],
    )
    def test_a_table_that_cannot_be_used(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(FileProblem, match=told):
            read_manifest(self.write(tmp_path, text))

    def test_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\xd8")
        for name in ("absent.csv", "binary"):
            with pytest.raises(FileProblem, match="cannot be read"):
                read_manifest(tmp_path / name)
