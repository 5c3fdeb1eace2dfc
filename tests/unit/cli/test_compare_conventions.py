from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml

from napari_medassist.cli.main import main
from napari_medassist.evaluation.conventions import presets


def save(path: Path, values: np.ndarray, spacing: float = 1.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.diag([spacing, spacing, 3.0, 1.0])), path)
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Six cases with two lesions: "good" finds both; "poor" one, and in half a false one."""
    for number in range(6):
        reference = np.zeros((14, 14, 4), dtype=np.uint8)
        reference[1:6, 1:6, 1:3] = 1
        reference[9:11, 9:11, 2] = 1
        poor = reference.copy()
        poor[9:11, 9:11, 2] = 0
        poor[12, 12, 0] = number % 2
        for name, values in (("human", reference), ("good", reference), ("poor", poor)):
            save(tmp_path / name / f"case_{number}.nii.gz", values)
    return tmp_path


class TestCompare:
    def options(self, models: Path, *predictions: str) -> list[object]:
        folders = [f"{p.partition('=')[0]}={models / p.partition('=')[2]}" for p in predictions]
        out = models / "out"
        return ["compare", "--reference", models / "human", "--prediction", *folders, "--out", out]

    def test_models_stand_side_by_side_with_their_differences(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(*self.options(models, "A=good", "B=poor")) == 0
        told = capsys.readouterr().out
        assert "A minus B" in told
        by_model = {row["model"]: row for row in rows_of(models / "out" / "models.csv")}
        assert (by_model["A"]["fn"], by_model["B"]["fn"], by_model["B"]["fp"]) == ("0", "6", "3")
        assert float(by_model["B"]["micro_recall"]) == 0.5
        paired = {row["metric"]: row for row in rows_of(models / "out" / "differences.csv")}
        assert float(paired["micro_recall"]["difference"]) == 0.5
        assert paired["micro_recall"]["n_cases"] == "6"
        assert float(paired["micro_recall"]["p_value"]) == pytest.approx(2 / 64)
        assert float(paired["fp_per_case"]["difference"]) == -0.5
        assert len(rows_of(models / "out" / "B" / "cases.csv")) == 6
        assert json.loads((models / "out" / "comparison.json").read_text())["not_compared"] == {
            "A": [],
            "B": [],
        }

    def test_a_case_that_one_model_lacks_is_told_and_left_out_of_the_difference(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (models / "poor" / "case_2.nii.gz").unlink()
        assert run(*self.options(models, "A=good", "B=poor")) == 1
        out, err = capsys.readouterr()
        assert "B: 1 case could not be compared (1 error)" in err
        assert "cases compared" in out
        assert "Numbers are over the 5 cases of all models" in out
        table = {row["model"]: row for row in rows_of(models / "out" / "models.csv")}
        assert [table[name]["n_compared"] for name in "AB"] == ["6", "5"]
        assert [table[name]["n_common"] for name in "AB"] == ["5", "5"]
        for name in "AB":
            own = rows_of(models / "out" / name / "cases.csv")
            five = [row for row in own if row["case"] != "case_2"]
            mean = np.mean([float(row["dice"]) for row in five if row["dice"]])
            assert float(table[name]["common_dice"]) == pytest.approx(mean)
            assert int(table[name]["common_fn"]) == sum(int(row["fn"]) for row in five)
        assert int(table["A"]["common_n_reference_lesions"]) < int(table["A"]["n_reference_lesions"])
        assert json.loads((models / "out" / "comparison.json").read_text())["n_common_cases"] == 5
        paired = {row["metric"]: row for row in rows_of(models / "out" / "differences.csv")}
        assert (paired["mean dice"]["n_cases"], paired["mean dice"]["n_dropped"]) == ("5", "1")

    def test_without_a_case_in_common_it_says_so(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(6):
            (models / ("good" if number < 3 else "poor") / f"case_{number}.nii.gz").unlink()
        assert run(*self.options(models, "A=good", "B=poor")) == 1
        assert "No case was compared for all models" in capsys.readouterr().out
        table = rows_of(models / "out" / "models.csv")
        assert [(row["n_common"], row["common_dice"]) for row in table] == [("0", ""), ("0", "")]

    @pytest.mark.parametrize("option", ["--zones", "--scheme", "--zone-scheme", "--per-label"])
    def test_zones_and_labels_belong_to_evaluate(
        self, models: Path, option: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            run(*self.options(models, "A=good", "B=poor"), option, "x")
        assert f"only 'evaluate' has the option {option}" in capsys.readouterr().err

    @pytest.mark.parametrize("predictions", [["A=good"], ["A=good", "A=poor"], ["..=good", "B=poor"]])
    def test_what_cannot_be_compared(
        self, models: Path, predictions: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(*self.options(models, *predictions)) == 2
        assert capsys.readouterr().err.startswith("error: ")
        assert not (models / "out" / "models.csv").exists()


class TestConventions:
    def test_list_and_show(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("conventions", "list") == 0
        listed = capsys.readouterr().out
        assert [line.split()[0] for line in listed.splitlines()] == list(presets())
        assert run("conventions", "show", "medassist") == 0
        assert yaml.safe_load(capsys.readouterr().out) == presets()["medassist"].settings()
        assert run("conventions", "show", "medasist") == 2
        assert "There is no convention called 'medasist'" in capsys.readouterr().err

    def test_sensitivity_is_one_table(self, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
        options = ["--reference", models / "human", "--prediction", models / "poor"]
        out = models / "out"
        assert run("conventions", "sensitivity", *options, "--out", out, "--workers", 1) == 0
        header, *lines = capsys.readouterr().out.splitlines()
        assert header.split()[:3] == ["convention", "cases", "Dice"]
        assert [line.split()[0] for line in lines[: len(presets())]] == list(presets())
        by_name = {row["convention"]: row for row in rows_of(out / "conventions.csv")}
        assert by_name["medassist"]["fn"] == "6"
        assert by_name["medassist"]["fp"] == "3"
        assert by_name["brats2023_gli"]["n_reference_lesions"] != "12"

    def test_failures_are_told_once_where_they_are_the_same(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        save(models / "poor" / "case_0.nii.gz", np.zeros((14, 14, 4), np.uint8), spacing=2.0)
        options = ["--reference", models / "human", "--prediction", models / "poor"]
        chosen = ["--convention", "medassist", "monai"]
        assert run("conventions", "sensitivity", *options, *chosen, "--quiet") == 1
        told = capsys.readouterr().err
        assert told.count("case_0: Different voxel grids") == 1
        assert "under any convention: 1 of" in told
        assert run("conventions", "sensitivity", *options, "--convention", "absent") == 2


class TestEvaluateOptions:
    def options(self, models: Path) -> list[object]:
        sides = ["--reference", models / "human", "--prediction", models / "poor"]
        return ["evaluate", *sides, "--out", models / "out", "--quiet"]

    def summary(self, models: Path) -> dict[str, object]:
        return json.loads((models / "out" / "summary.json").read_text())

    def test_a_convention_by_name_and_a_setting(self, models: Path) -> None:
        change = "matching.threshold_reference=0.5"
        assert run(*self.options(models), "--convention", "picai", "--set", change) == 0
        told = self.summary(models)["convention"]
        assert told["name"] == "picai (changed)"
        assert told["matching"]["threshold_reference"] == 0.5
        assert told["matching"]["criterion"] == "iou"

    def test_the_convention_that_was_written_can_be_used_again(self, models: Path) -> None:
        run(*self.options(models), "--set", "extraction.min_volume_mm3=20", "--set", "name=mine")
        first = (models / "out" / "cases.csv").read_bytes()
        again = models / "mine.yaml"
        again.write_bytes((models / "out" / "convention.yaml").read_bytes())
        assert run(*self.options(models), "--convention", again) == 0
        assert (models / "out" / "cases.csv").read_bytes() == first
        assert self.summary(models)["convention"]["name"] == "mine"
        assert self.summary(models)["lesions"]["n_reference_lesions"] == 6

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            (["--set", "matching.treshold_reference=1"], "no setting 'treshold_reference'"),
            (["--set", "extraction"], "setting=value"),
            (["--set", "name=[1"], "no value"),
            (["--convention", "absent.yaml"], "cannot be read"),
            (["--convention", "broken.yaml"], "broken.yaml: "),
            (["--metrics", "dicee"], "no metric called 'dicee'"),
            (["--manifest", "cases.csv"], "or --manifest"),
            (["--workers", "0"], "at least one worker"),
        ],
    )
    def test_unusable_options(
        self, models: Path, wrong: list[str], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (models / "broken.yaml").write_text("- no\n- mapping\n")
        given = [str(models / word) if word == "broken.yaml" else word for word in wrong]
        assert run(*self.options(models), *given) == 2
        assert told in capsys.readouterr().err
        assert not (models / "out" / "cases.csv").exists()

    def test_a_manifest_with_groups_and_mixed_spacing(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for side in ("human", "poor"):
            save(models / side / "wide.nii.gz", np.ones((4, 4, 4), np.uint8), spacing=2.0)
        (models / "cases.csv").write_text(
            "case,reference,prediction,group\n"
            "first,human/case_0.nii.gz,poor/case_0.nii.gz,north\n"
            "wide,human/wide.nii.gz,poor/wide.nii.gz,south\n"
        )
        out = models / "out"
        assert run("evaluate", "--manifest", models / "cases.csv", "--out", out) == 0
        assert "Mixed voxel spacing: 2 different ones" in capsys.readouterr().out
        rows = rows_of(out / "cases.csv")
        assert [(r["case"], r["group"], r["spacing_x_mm"]) for r in rows] == [
            ("first", "north", "1"),
            ("wide", "south", "2"),
        ]
        assert len(self.summary(models)["spacings_zyx_mm"]) == 2

    def test_further_metrics(self, models: Path) -> None:
        assert run(*self.options(models), "--metrics", "jaccard") == 0
        assert float(rows_of(models / "out" / "cases.csv")[0]["jaccard"]) == pytest.approx(50 / 54)
        assert "jaccard" in self.summary(models)["metrics"]

    def test_the_match_graph(self, models: Path) -> None:
        run(*self.options(models))
        edges = rows_of(models / "out" / "matches.csv")
        assert len(edges) == 6
        assert edges[0]["case"] == "case_0"
        assert (edges[0]["reference_id"], edges[0]["n_voxels"], edges[0]["iou"]) == ("1", "50", "1")

    def test_kept_results_are_there_unless_not_wished(self, models: Path) -> None:
        kept = models / "out" / ".medassist-cache"
        run(*self.options(models), "--no-cache")
        assert not kept.exists()
        run(*self.options(models), "--cache", models / "elsewhere")
        assert not kept.exists()
        assert (models / "elsewhere" / "results.jsonl").read_text().count("\n") == 6
        run(*self.options(models))
        assert kept.exists()

    def test_parquet_holds_what_the_csv_files_hold(self, models: Path) -> None:
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        assert run(*self.options(models), "--parquet") == 0
        for name in ("cases", "lesions", "matches"):
            parquet = pandas.read_parquet(models / "out" / f"{name}.parquet")
            text = pandas.read_csv(models / "out" / f"{name}.csv")
            assert list(parquet.columns) == list(text.columns)
            assert len(parquet) == len(text)
        cases = pandas.read_parquet(models / "out" / "cases.parquet")
        assert str(cases["fn"].dtype) == "Int64"
        assert cases["fn"].sum() == 6

    def test_parquet_without_pyarrow_says_what_to_install(
        self, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        assert run(*self.options(models), "--parquet") == 2
        assert "napari-medassist[parquet]" in capsys.readouterr().err

    def test_probability_maps_give_curves(self, models: Path) -> None:
        for number in range(6):
            human = nib.load(models / "human" / f"case_{number}.nii.gz").get_fdata()
            values = (human * 0.9).astype(np.float32)
            values[9:11, 9:11, 2] = 0.2 + 0.1 * number
            values[12:14, 12:14, 0] = 0.65
            save(models / "maps" / f"case_{number}.nii.gz", values)
        options = ["--reference", models / "human", "--prediction", models / "maps"]
        out = models / "out"
        for kind, expected in (("probability", 2), ("labels", 1)):
            command = ["evaluate", *options, "--out", out, "--kind", kind, "--quiet"]
            assert run(*command) == (0 if kind == "probability" else 1)
            if expected == 2:
                curve = rows_of(out / "curves.csv")
                cut_offs = [float(row["cut_off"]) for row in curve]
                assert cut_offs[:2] == [np.float32(0.9), np.float32(0.7)]
                assert curve[-1]["tp_reference"] == "9"  # cut-off 0.5: 3 of the 6 small lesions
                detection = self.summary(models)["detection"]
                assert detection["n_cases"] == 6
                assert 0 < detection["average_precision"]["value"] < 1
                assert detection["auroc"]["value"] is None
        assert "fractional" in rows_of(out / "cases.csv")[0]["message"]


@pytest.mark.parametrize("name", presets())
def test_every_preset_writes_a_summary(models: Path, name: str) -> None:
    options = ["--reference", models / "human", "--prediction", models / "poor", "--quiet"]
    assert run("evaluate", *options, "--out", models / "out", "--convention", name) == 0
    told = json.loads((models / "out" / "summary.json").read_text())
    assert told["convention"]["name"] == name
