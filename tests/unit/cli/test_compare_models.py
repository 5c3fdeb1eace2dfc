"""``compare`` with several models, kinds and conventions."""

from __future__ import annotations

import csv
import json
from itertools import combinations
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.app.cohort.files import Source, evaluate_source
from napari_medassist.app.cohort.model_manifest import read_model_manifest
from napari_medassist.app.cohort.model_sources import kinds_of
from napari_medassist.app.cohort.models import compare_models
from napari_medassist.app.cohort.rankings import RANKING_COLUMNS
from napari_medassist.cli.main import main
from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.evaluation.conventions import preset, presets
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.evaluation.statistics.ranking import headline

QUICK = Resampling(n_resamples=200, n_permutations=200)
N_CASES = 6


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.diag([1.0, 1.0, 3.0, 1.0])), path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two lesions a case. "wide" finds both with too large outlines; "tight" only the large one."""
    for number in range(N_CASES):
        human = np.zeros((20, 20, 4), dtype=np.uint8)
        human[2:8, 2:8, 1:3] = human[13:16, 13 : 15 + number % 2, 1:3] = 1
        wide = ndimage.binary_dilation(human, np.ones((3, 3, 1)), iterations=2)
        tight = human.copy()
        tight[10:] = 0
        tight[17:19, 1:3, 0] = number % 2
        maps = {"wide": wide * 0.8, "tight": tight * 0.6}
        maps["tight"][17:19, 1:3, 0] *= 1.5
        name = f"case_{number}.nii.gz"
        save(tmp_path / "human" / name, human)
        for model, mask in (("wide", wide), ("tight", tight)):
            save(tmp_path / model / name, mask.astype(np.uint8))
            save(tmp_path / f"{model}_map" / name, maps[model].astype(np.float32))
    return tmp_path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sources(models: Path, *names: str) -> dict[str, Source]:
    return {name: Source.of_places(models / "human", models / name) for name in names}


class TestRankings:
    def test_they_are_those_of_the_single_evaluations(self, models: Path) -> None:
        found = compare_models(
            sources(models, "wide", "tight"),
            models / "out",
            how=QUICK,
            under=tuple(presets().values()),
        )
        assert found.stability is not None
        for row in rows_of(models / "out" / "rankings.csv"):
            cohort = found.under[row["convention"]][row["model"]]
            expected = headline(cohort)[row["number"]]
            assert float(row["value"] or "nan") == pytest.approx(expected, nan_ok=True)
        fresh = evaluate_source(
            sources(models, "tight")["tight"], models / "fresh", convention=preset("panoptica")
        )
        assert headline(found.under["panoptica"]["tight"]) == pytest.approx(
            headline(fresh), nan_ok=True
        )

    def test_flips_and_kendalls_tau_are_told(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = run(
            *("compare", "--reference", models / "human"),
            *("--prediction", models / "wide", models / "tight", "--out", models / "out"),
            *("--conventions", "medassist", "panoptica", "picai"),
        )
        assert code == 0
        rows = rows_of(models / "out" / "rankings.csv")
        assert tuple(rows[0]) == RANKING_COLUMNS
        by_place = {(r["convention"], r["number"], r["model"]): r for r in rows}
        assert by_place["medassist", "micro_recall", "wide"]["rank"] == "1"
        assert by_place["panoptica", "micro_recall", "wide"]["rank"] == "2"
        assert by_place["medassist", "micro_recall", "wide"]["share_of_resamples_first"] == "1"
        told = json.loads((models / "out" / "comparison.json").read_text())
        (flip,) = told["rankings"]["flips_with_the_convention"]["micro_recall"]
        assert (flip["first"], flip["first_ahead"]) == ("wide", ["medassist", "picai"])
        assert (flip["second"], flip["second_ahead"]) == ("tight", ["panoptica"])
        tau = told["rankings"]["kendall_tau"]["micro_recall"]
        assert tau["conventions"] == ["medassist", "panoptica", "picai"]
        assert tau["tau"][0] == [1, -1, 1]
        by_number = told["rankings"]["flips_with_the_number"]["medassist"][0]
        assert ("mean dice" in by_number["second_ahead"]) != ("mean dice" in by_number["first_ahead"])
        printed = capsys.readouterr().out
        assert "recall: wide is ahead under medassist, picai; tight under panoptica" in printed
        assert "wide 100 %" in printed

    def test_only_cases_that_all_models_have_are_ranked(self, models: Path) -> None:
        (models / "wide" / "case_0.nii.gz").unlink()
        found = compare_models(sources(models, "wide", "tight"), models / "out", how=QUICK)
        assert found.stability is not None
        assert found.stability.n_cases == N_CASES - 1
        for path in (models / "wide").iterdir():
            path.unlink()
        save(models / "wide" / "other.nii.gz", np.zeros((4, 4, 4), np.uint8))
        found = compare_models(sources(models, "wide", "tight"), models / "none", how=QUICK)
        assert found.stability is None
        assert not (models / "none" / "rankings.csv").exists()

    def test_two_conventions_of_one_name_are_refused(self, models: Path) -> None:
        other = preset("medassist").with_changes(matching={"threshold_reference": 0.5})
        with pytest.raises(InvalidSetting, match="called 'medassist'"):
            compare_models(sources(models, "wide", "tight"), models / "out", under=(other,))


class TestKinds:
    def test_curves_of_two_models_are_compared(
        self, models: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = run(
            *("compare", "--reference", models / "human", "--out", models / "out"),
            *("--prediction", f"A={models / 'wide_map'}", f"B={models / 'tight_map'}"),
            *("--kind", "probability"),
        )
        assert code == 0
        paired = {row["metric"]: row for row in rows_of(models / "out" / "differences.csv")}
        for name, model in (("value_first", "wide_map"), ("value_second", "tight_map")):
            cohort = evaluate_source(
                sources(models, model)[model], models / "fresh", kind="probability"
            )
            curve = detection_curve(cohort.cases.scored())
            assert float(paired["average_precision"][name]) == pytest.approx(curve.average_precision)
            expected = curve.sensitivity_at_fp(1.0)
            assert float(paired["sensitivity_at_1_fp"][name]) == pytest.approx(expected)
        assert "average precision" in capsys.readouterr().out
        numbers = {row["number"] for row in rows_of(models / "out" / "rankings.csv")}
        assert {"average_precision", "auroc", "froc"} <= numbers

    def test_a_mask_and_a_map_share_what_both_have(self, models: Path) -> None:
        found = compare_models(
            sources(models, "wide", "tight_map"),
            models / "out",
            how=QUICK,
            kinds=kinds_of(["tight_map=probability"], ("wide", "tight_map")),
        )
        ((_, numbers),) = found.differences.items()
        assert "average_precision" not in numbers
        assert numbers["micro_recall"].n_cases == N_CASES

    @pytest.mark.parametrize("told", ["heatmap", "C=labels", "=labels", "A=heatmap"])
    def test_unknown_kinds(self, told: str) -> None:
        with pytest.raises(InvalidSetting, match="does not say"):
            kinds_of([told], ["A", "B"])
        assert kinds_of(["detection", "A=labels"], "AB") == {"A": "labels", "B": "detection"}


class TestManifest:
    def table(self, models: Path) -> Path:
        lines = ["case;reference;Wide;tight;group"]
        lines += [
            f"c{n};human/case_{n}.nii.gz;wide/case_{n}.nii.gz;tight/case_{n}.nii.gz;north"
            for n in range(N_CASES)
        ]
        (models / "cases.csv").write_text("\n".join(lines))
        return models / "cases.csv"

    def test_a_column_is_a_model(self, models: Path) -> None:
        table = self.table(models)
        assert run("compare", "--manifest", table, "--out", models / "out", "--quiet") == 0
        assert [row["model"] for row in rows_of(models / "out" / "models.csv")] == ["Wide", "tight"]
        assert rows_of(models / "out" / "Wide" / "cases.csv")[0]["group"] == "north"
        found = read_model_manifest(table, ["tight"])
        assert list(found) == ["tight"]
        assert len(found["tight"].pairs) == N_CASES

    def test_what_cannot_be_used(self, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
        table = self.table(models)
        with pytest.raises(FileProblem, match="no column narrow"):
            read_model_manifest(table, ["narrow"])
        text = table.read_text()
        table.write_text(f"{text}\n{text.splitlines()[1]}\n")
        with pytest.raises(InvalidSetting, match="'c0' stands twice"):
            read_model_manifest(table)
        table.write_text("case,reference,a\n,x,y\n")
        with pytest.raises(InvalidSetting, match="no case name"):
            read_model_manifest(table)
        for empty in ("", "case,reference,a\n"):
            table.write_text(empty)
            with pytest.raises(FileProblem, match="no case"):
                read_model_manifest(table)
        assert run("compare", "--out", models / "out") == 2
        assert "or --manifest" in capsys.readouterr().err


def test_p_values_of_all_pairs_are_adjusted(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(N_CASES):
        save(models / "third" / f"case_{number}.nii.gz", np.ones((20, 20, 4), np.uint8))
    names = ("wide", "tight", "third")
    assert (
        run(
            *("compare", "--reference", models / "human", "--out", models / "out", "--prediction"),
            *(models / name for name in names),
        )
        == 0
    )
    rows = rows_of(models / "out" / "differences.csv")
    assert {(r["first"], r["second"]) for r in rows} == set(combinations(names, 2))
    of_dice = [r for r in rows if r["metric"] == "mean dice"]
    smallest = min(of_dice, key=lambda r: float(r["p_value"]))
    assert float(smallest["p_holm"]) == pytest.approx(3 * float(smallest["p_value"]))
    assert all(float(r["p_holm"]) >= float(r["p_value"]) for r in of_dice)
    assert "p, Holm" in capsys.readouterr().out
    assert "3 pair(s)" in json.loads((models / "out" / "comparison.json").read_text())["multiplicity"]


def test_sensitivity_of_probability_maps(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ("--reference", models / "human", "--prediction", models / "wide_map")
    command = ("conventions", "sensitivity", *places, "--kind", "probability", "--out", models / "out")
    assert run(*command) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[-2:] == ["AP", "AUROC"]
    rows = {row["convention"]: row for row in rows_of(models / "out" / "conventions.csv")}
    assert set(rows) == set(presets())
    assert float(rows["medassist"]["average_precision"]) == 1
    assert float(rows["panoptica"]["average_precision"]) < 1
