from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.cli.cohort import sources_of
from napari_medassist.cli.main import build_parser
from napari_medassist.core.errors import FileProblem, InvalidSetting


def sources(*argv: str) -> CohortSources | None:
    return sources_of(build_parser().parse_args(["cohort", *argv]))


def test_no_argument_opens_the_dock_without_a_cohort() -> None:
    assert sources() is None


def test_results_are_opened(tmp_path: Path) -> None:
    assert sources(str(tmp_path)) == CohortSources(results=tmp_path)


def test_models_have_names(tmp_path: Path) -> None:
    for name in ("ref", "a", "b"):
        (tmp_path / name).mkdir()
    found = sources(
        *("--reference", f"{tmp_path}/ref", "--prediction", f"first={tmp_path}/a"),
        *("--prediction", f"{tmp_path}/b", "--kind", "probability", "--label", "1", "2"),
    )
    assert found is not None
    assert found.models == ("first", "b")
    assert (found.kind, found.label) == ("probability", (1, 2))


def test_what_is_missing_or_given_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="no place for a prediction"):
        sources("--reference", str(tmp_path))
    with pytest.raises(InvalidSetting, match="at once"):
        sources(str(tmp_path), "--reference", str(tmp_path))
    with pytest.raises(FileProblem, match="no such"):
        sources("--reference", str(tmp_path), "--prediction", str(tmp_path / "absent"))
