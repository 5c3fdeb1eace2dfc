"""Settings: kept over restarts, shared by windows, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.settings import Settings, settings_path
from napari_medassist.evaluation.conventions import MEDASSIST


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "settings.json"


def test_all_comes_back(path: Path) -> None:
    settings = Settings(path)
    assert settings.convention == MEDASSIST
    assert settings.recent_cohorts == ()
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.5}, name="mine")
    settings.convention = strict
    settings.reader = "R"
    settings.set_ui("dock", {"width": 300, "tabs": ["a"]})
    settings.add_recent_cohort({"reference": "/a"})
    again = Settings(path)
    assert again.convention == strict
    assert again.reader == "R"
    assert again.ui("dock") == {"width": 300, "tabs": ["a"]}
    assert again.ui("other", 7) == 7
    assert again.recent_cohorts == ({"reference": "/a"},)
    assert again.problem == ""


def test_recent_cohorts_are_ten_without_repetition(path: Path) -> None:
    settings = Settings(path)
    for number in range(12):
        settings.add_recent_cohort({"reference": f"/{number % 11}"})
    assert [c["reference"] for c in settings.recent_cohorts[:2]] == ["/0", "/10"]
    assert len(settings.recent_cohorts) == 10


def test_two_windows_keep_each_others_settings(path: Path) -> None:
    first, second = Settings(path), Settings(path)
    first.set_ui("a", 1)
    second.set_ui("b", 2)
    first.set_ui("c", 3)
    again = Settings(path)
    assert [again.ui(name) for name in "abc"] == [1, 2, 3]


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"'])
def test_a_broken_file_means_defaults_and_a_message(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    settings = Settings(path)
    assert settings.problem
    assert settings.convention == MEDASSIST
    settings.set_ui("a", 1)
    assert Settings(path).ui("a") == 1


@pytest.mark.parametrize(
    "content",
    ['{"convention": {"beauty": 1}}', '{"convention": {"matching": {"threshold_reference": 7}}}'],
)
def test_a_convention_that_is_not_understood_is_ours(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    settings = Settings(path)
    assert settings.convention == MEDASSIST
    assert "convention" in settings.problem


def test_odd_contents_are_passed_over(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"ui": 3, "recent_cohorts": 4, "convention": "x"}')
    settings = Settings(path)
    assert settings.ui("a", 1) == 1
    assert settings.recent_cohorts == ()
    settings.set_ui("a", 2)
    assert settings.ui("a") == 2


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.set_ui("a", 1)
    assert settings.ui("a") == 1
    assert "could not be" in settings.problem


def test_values_that_json_cannot_hold_are_told(path: Path) -> None:
    settings = Settings(path)
    settings.set_ui("a", object())
    assert settings.problem
    assert Settings(path).ui("a") is None


def test_the_usual_place_is_in_the_users_folder() -> None:
    assert settings_path().name == "settings.json"
