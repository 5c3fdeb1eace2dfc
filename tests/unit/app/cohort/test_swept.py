"""The sweep of a cohort: one table over the cut-offs of all cases, equal to evaluating at each."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.cohort.files import Source, evaluate_source
from napari_medassist.app.cohort.run import Running
from napari_medassist.app.cohort.swept import SweptCase, cut_offs_by, sweep_summary, sweep_table
from napari_medassist.cli.main import main
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.curves import LesionCurve


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Four cases with two lesions and a false one, at different probabilities."""
    for number in range(4):
        reference = np.zeros((14, 14, 4), dtype=np.uint8)
        reference[1:6, 1:6, 1:3] = reference[9:11, 9:11, 2] = 1
        values = (reference * 0.9).astype(np.float32)
        values[9:11, 9:11, 2] = 0.2 + 0.1 * number
        values[12:14, 12:14, 0] = 0.65
        for side, array in (("human", reference), ("maps", values)):
            (tmp_path / side).mkdir(exist_ok=True)
            nib.save(
                nib.Nifti1Image(array, np.diag([1, 1, 3, 1])), tmp_path / side / f"c{number}.nii.gz"
            )
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["medassist", "panoptica"])
def test_each_row_is_an_evaluation_at_its_cut_off(maps: Path, name: str) -> None:
    source = Source.of_places(maps / "human", maps / "maps")
    cut_offs = (0.15, 0.35, 0.5, 0.65, 0.9)
    evaluate_source(
        source, maps / "out", kind="probability", convention=preset(name), cut_offs=cut_offs
    )
    table = rows(maps / "out" / "sweep.csv")
    assert [float(row["cut_off"]) for row in table] == sorted(cut_offs, reverse=True)
    for row in table:
        at = preset(name).with_changes(extraction={"threshold": float(row["cut_off"])})
        fresh = evaluate_source(source, maps / "fresh", kind="probability", convention=at)
        for count in ("tp_reference", "fn", "tp_prediction", "fp"):
            assert int(row[count]) == getattr(fresh.totals, count)
        summary = json.loads((maps / "fresh" / "summary.json").read_text())
        assert float(row["recall"]) == pytest.approx(summary["lesions"]["micro_recall"])
        assert float(row["fp_per_case"]) == fresh.totals.fp / 4


def test_from_the_shell_and_from_kept_results(maps: Path) -> None:
    arguments = ["evaluate", "--reference", maps / "human", "--prediction", maps / "maps"]
    command = [*arguments, "--out", maps / "out", "--kind", "probability", "--sweep", "0.05", "--quiet"]
    assert main([str(a) for a in command]) == 0
    first = (maps / "out" / "sweep.csv").read_text()
    assert len(rows(maps / "out" / "sweep.csv")) == 20
    told = json.loads((maps / "out" / "summary.json").read_text())["sweep"]
    assert told["cut_off_at_recall"]["0.9"] == 0.2
    assert (told["best_f1_cut_off"], told["recall_may_fall"]) == (0.2, False)
    assert main([str(a) for a in command]) == 0
    assert (maps / "out" / "sweep.csv").read_text() == first


def test_only_probability_maps_can_be_swept(maps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "--reference", maps / "human", "--prediction", maps / "human", "--sweep"]
    assert main([str(a) for a in [*arguments, "--out", maps / "out"]]) == 2
    assert "Only probability maps can be swept" in capsys.readouterr().err
    source = Source.of_places(maps / "human", maps / "maps")
    cohort = evaluate_source(source, maps / "out", kind="probability", running=Running())
    assert "sweep" not in cohort.to_frames()


def test_steps() -> None:
    assert cut_offs_by(0.25) == (0.25, 0.5, 0.75, 1.0)
    assert len(cut_offs_by(0.01)) == 100
    for step in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(InvalidSetting):
            cut_offs_by(step)


def test_nothing_found_and_nothing_to_find() -> None:
    def case(tp: int, fp: int, n: int) -> SweptCase:
        counts = (np.array([v]) for v in (tp, tp, fp))
        return SweptCase.of(LesionCurve(np.array([0.5]), *counts, n_reference_lesions=n))

    assert sweep_summary([case(0, 0, 0)])["best_f1"] is None
    assert sweep_summary([case(0, 0, 2)])["best_f1"] == 0
    (row,) = sweep_table([case(1, 1, 2), case(0, 1, 0)]).rows()
    assert row == (0.5, 1, 1, 1, 2, 0.5, 1 / 3, 0.4, 1.0)
