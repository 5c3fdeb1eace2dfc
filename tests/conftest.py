"""Shared fixtures: the real data beside the checkout, and phantoms with a known place."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count()
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def sessions_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(autouse=True)
def own_sessions(monkeypatch: pytest.MonkeyPatch, sessions_root: Path) -> None:
    """Never see the sessions of the user or of another test; programs that are started inherit it."""
    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", str(sessions_root / str(next(_NUMBERS))))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data; tests that need it are skipped, by name, where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data not found at {REAL_DATA}")
    return REAL_DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a real-data test that is skipped although the data are there as failed."""
    report = yield
    needs_data = item.get_closest_marker("real") is not None
    if report.skipped and needs_data and not hasattr(report, "wasxfail") and REAL_DATA.is_dir():
        report.outcome = "failed"
        report.longrepr = f"skipped although the real data are at {REAL_DATA}: {report.longrepr}"
    return report
