"""Many studies: each into its folder, one that fails is told, and a stopped run goes on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import napari_medassist.app.registering.batch as batch
from napari_medassist.app.registering.aligning import Wish
from napari_medassist.app.registering.batch import TABLE_FILE, align_studies
from napari_medassist.app.registering.verdict import Light, Thresholds
from napari_medassist.app.samples import sample_study
from napari_medassist.cli.main import main
from napari_medassist.core.errors import Cancelled, InvalidSetting

FAST = Wish("rigid", both_ways=False)


@pytest.fixture
def studies(tmp_path: Path) -> list[Path]:
    whole, poor = tmp_path / "whole", tmp_path / "only t2w"
    shutil.copytree(sample_study(), whole)
    poor.mkdir()
    (t2w,) = (p for p in sample_study().iterdir() if "t2" in p.name.lower())
    (shutil.copytree if t2w.is_dir() else shutil.copy)(t2w, poor / t2w.name)
    return [whole, poor]


def rows(out: Path) -> list[dict[str, str]]:
    with (out / TABLE_FILE).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_study_has_its_folder_and_a_row(studies: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcomes = align_studies(studies, out, FAST, around_gland=False)
    assert [o.light for o in outcomes] == [Light.GREEN, None]
    assert "no diffusion image" in outcomes[1].reason
    assert (out / "whole" / "transform.tfm").exists()
    assert not (out / "only t2w").exists()
    first, second = rows(out)
    assert first["light"] == "green"
    assert float(first["information_after"]) > 1
    assert first["way_back_mm_p95"] == ""
    assert second["light"] == "failed"
    known = json.loads((out / "whole" / "quality.json").read_text())
    assert float(first["moved_mm_median"]) == pytest.approx(
        known["space"]["displacement_mm"][0], rel=1e-3
    )


def test_a_run_goes_on_where_it_was_stopped_and_keeps_what_is_done(
    studies: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    shutil.copytree(studies[0], other)

    def stop(done: int, _total: int, _message: str) -> None:
        if done > 60:
            raise Cancelled("enough")

    both = [studies[0], other]
    with pytest.raises(Cancelled):
        align_studies(both, out, FAST, around_gland=False, progress=stop)
    assert [row["light"] for row in rows(out)] == ["green"]
    asked: list[Any] = []
    real = batch.align_diffusion

    def counted(case: Any, *args: Any, **more: Any) -> Any:
        asked.append(case)
        return real(case, *args, **more)

    monkeypatch.setattr(batch, "align_diffusion", counted)
    outcomes = align_studies(both, out, FAST, around_gland=False)
    assert len(asked) == 1
    assert [o.light for o in outcomes] == [Light.GREEN, Light.GREEN]
    kept = align_studies(both, out, FAST, around_gland=False)
    assert kept == outcomes
    assert len(asked) == 1
    (told,) = {
        o.reason
        for o in align_studies(both[:1], out, Wish("affine", both_ways=False), around_gland=False)
    }
    assert "another method" in told
    (told,) = {o.reason for o in align_studies(both[:1], out, Wish("rigid"), around_gland=False)}
    assert "one way" in told
    strict = Thresholds(lost_information=(0.0, 0.0))
    (told,) = {
        o.reason for o in align_studies(both[:1], out, FAST, around_gland=False, thresholds=strict)
    }
    assert "other thresholds" in told


def test_two_studies_of_one_name_are_refused(studies: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="called whole"):
        align_studies([studies[0], tmp_path / "x" / "whole"], tmp_path / "out", FAST)


def test_the_shell_aligns_several(
    studies: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    args = ["register", "--study", *map(str, studies), "--out", str(out), "--whole", "--one-way"]
    assert main(args) == 1
    told = capsys.readouterr().out
    assert "green: " in told
    assert "failed: " in told
    assert "1 of 2 studies aligned" in told
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = ["register", "--study", str(studies[1]), str(empty), "--out", str(tmp_path / "n")]
    assert main(nothing) == 2
