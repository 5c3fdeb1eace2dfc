"""A model over all cases of a list: what fails does not stop the others, and a run goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.batch import cases_of, segment_all
from napari_medassist.app.reading.listing import listed
from napari_medassist.app.reading.worklist import make_worklist
from napari_medassist.app.samples import sample_path
from napari_medassist.core.errors import Cancelled, FileProblem, InvalidSetting
from napari_medassist.io.files import read_labels, read_volume
from napari_medassist.models.registry import find_model
from tests.unit.app.reading.cohort import write_cases

LUNGS = find_model("lungs-ct")


def three_cases(folder: Path) -> Path:
    """A chest, a study that is no CT, and a file that is torn."""
    write_cases(folder, ("prostate",))
    (folder / "chest").mkdir()
    (folder / "chest" / "ct.nii.gz").write_bytes(sample_path("ct").read_bytes())
    (folder / "torn").mkdir()
    (folder / "torn" / "ct.nii.gz").write_bytes(b"no image")
    return folder


def test_all_cases_are_run_and_what_fails_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    out = tmp_path / "out"
    batch = segment_all(three_cases(tmp_path / "in"), LUNGS, out, lambda *p: told.append(p))
    assert [path.name for path in batch.written] == ["chest.nii.gz"]
    assert len(batch.failed) == 2
    assert any(f.startswith("torn: ") for f in batch.failed)
    assert set(read_labels(batch.written[0]).values()) >= {1, 2}
    assert batch.in_words.startswith("1 segmented, 2 failed")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][:2] == (300, 300)
    again = segment_all(tmp_path / "in", LUNGS, out)
    assert again.there_already == ("chest",)
    assert again.written == ()


def test_worklists_and_tables_name_cases_too(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "in")
    worklist = make_worklist(listed(folder), folder / "w.worklist.json")
    assert [c.name for c in cases_of(worklist.path)] == ["a", "b", "c"]
    table = folder / "t.csv"
    table.write_text("case,path\nx,a\n", encoding="utf-8")
    assert [c.name for c in cases_of(table)] == ["x"]
    with pytest.raises(FileProblem):
        cases_of(tmp_path / "nowhere")


def test_a_run_that_is_stopped_leaves_what_is_whole(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        (folder / name / "ct.nii.gz").write_bytes(sample_path("ct").read_bytes())

    def stop(done: int, _total: int, _message: str, /) -> None:
        if done > 120:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        segment_all(folder, LUNGS, out, stop)
    assert [p.name for p in out.iterdir()] == ["a.nii.gz"]
    assert [p.name for p in segment_all(folder, LUNGS, out).written] == ["b.nii.gz"]


def test_lesion_models_write_their_probability_too(tmp_path: Path) -> None:
    from napari_medassist.app.samples import sample_study

    table = tmp_path / "t.csv"
    table.write_text(f"case,path\nmr,{sample_study()}\n", encoding="utf-8")
    batch = segment_all(table, find_model("prostate-lesions"), tmp_path / "out")
    assert batch.failed == ()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "mr.nii.gz",
        "mr_probability.nii.gz",
    ]
    probability = read_volume(tmp_path / "out" / "mr_probability.nii.gz")
    assert 0 <= np.asarray(probability.array).min() <= np.asarray(probability.array).max() <= 1


def test_without_weights_nothing_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "napari_medassist.models.places.user_data_path", lambda _name: tmp_path / "home"
    )
    with pytest.raises(InvalidSetting, match="not here"):
        segment_all(write_cases(tmp_path / "in"), find_model("taps-prostate"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
