"""Marks survive: restarts, two programs at once, and files that are no marks."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from napari_medassist.app.browser.marks import Mark, Marks
from napari_medassist.core.errors import InvalidSetting, WriteFailed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "marks.json"


def test_marks_survive_a_restart(path: Path) -> None:
    mark = Mark.now("label_error", "drawn on the\nwrong side", reader="R", model="ai")
    Marks(path).set("case_1", mark)
    again = Marks(path)
    assert again.get("case_1") == mark
    assert again.get("case_2") is None
    assert len(again) == 1
    assert mark.title == "label error: drawn on the wrong side"
    again.remove("case_1")
    assert Marks(path).all() == {}


def test_two_programs_do_not_lose_each_others_marks(path: Path) -> None:
    first, second = Marks(path), Marks(path)
    first.set("a", Mark.now("other", "first"))
    second.set("b", Mark.now("ambiguous", "second"))
    first.set("c", Mark.now("other"))
    assert set(Marks(path).all()) == {"a", "b", "c"}
    second.remove("a")
    first.set("d", Mark.now("other"))
    assert set(Marks(path).all()) == {"b", "c", "d"}  # what was taken away does not come back
    second.set("b", Mark.now("other", "newer"))
    first.reload()
    assert first.get("b").note == "newer"


def test_many_processes_at_the_same_moment(path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from napari_medassist.app.browser.marks import Mark, Marks
        marks = Marks(Path(sys.argv[1]))
        for number in range(15):
            marks.set(f"{sys.argv[2]}_{number}", Mark.now("other"))
        """
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(Marks(path)) == 45
    assert [p.name for p in path.parent.iterdir()] == ["marks.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 9, "cases": {}}', '{"version": 1, "cases": {"a": {"when": "x"}}}'],
)
def test_what_is_no_file_of_marks_is_set_aside(path: Path, content: str) -> None:
    path.write_text(content)
    marks = Marks(path)
    assert marks.all() == {}
    assert "kept as" in marks.problem
    marks.set("a", Mark.now("other"))
    kept = [p for p in path.parent.iterdir() if "broken" in p.name]
    assert [p.read_text() for p in kept] == [content]
    assert set(Marks(path).all()) == {"a"}


def test_a_mark_that_cannot_be_written_is_told_and_shown(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    marks = Marks(None)
    marks.set("a", Mark("other"))
    assert marks.get("a") == Mark("other")
    blocked = Marks(tmp_path / "file" / "marks.json")
    assert "cannot be read" in blocked.problem
    with pytest.raises(WriteFailed, match="cannot be written"):
        blocked.set("a", Mark("other"))
    assert blocked.get("a") == Mark("other")


def test_a_lock_of_a_dead_program_is_broken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path.parent / ".marks.json.lock").write_text("")
    monkeypatch.setattr("napari_medassist.io.lock.STALE_LOCK_SECONDS", 0.05)
    Marks(path).set("a", Mark("other"))
    assert set(Marks(path).all()) == {"a"}


def test_a_lock_of_a_living_program_is_waited_for_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path.parent / ".marks.json.lock").write_text("")
    monkeypatch.setattr("napari_medassist.io.lock.LOCK_SECONDS", 0.1)
    with pytest.raises(WriteFailed, match="writing the marks"):
        Marks(path).set("a", Mark("other"))


def test_only_known_kinds() -> None:
    with pytest.raises(InvalidSetting):
        Mark("beautiful")  # type: ignore[arg-type]


def test_the_file_is_plain_json(path: Path) -> None:
    Marks(path).set("a", Mark("other", "ü", "2026-01-01T00:00:00+00:00", "R"))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["cases"]["a"]["mark"]["note"] == "ü"
