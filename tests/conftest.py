"""Shared fixtures: the real data beside the checkout, and phantoms with a known place."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_sessions(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Never write into the sessions of the user; programs that tests start inherit it."""
    os.environ["NAPARI_MEDASSIST_SESSIONS"] = str(tmp_path_factory.mktemp("sessions"))


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
