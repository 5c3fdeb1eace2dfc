"""The same cases on a Dask cluster: the same results to the digit."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_medassist.app.cohort import cluster
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.cohort.pairing import pair_files
from napari_medassist.app.cohort.run import Running, evaluate_cohort
from napari_medassist.core.errors import FileProblem, InvalidSetting
from tests.unit.app.cohort.cohorts import cohort, contents

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local.scheduler_address


def test_a_cluster_gives_the_same_files(address: str, tmp_path: Path) -> None:
    folders = cohort(tmp_path, 12)
    evaluate_files(*folders, tmp_path / "here")
    running = Running(scheduler=address, cache_dir=tmp_path / "kept")
    evaluate_files(*folders, tmp_path / "cluster", running=running)
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")
    again = evaluate_cohort(pair_files(*folders).pairs, running=running)
    assert again.cases == evaluate_cohort(pair_files(*folders).pairs).cases


def test_a_case_that_fails_on_the_cluster_costs_itself_only(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = pair_files(*cohort(tmp_path, 6)).pairs
    monkeypatch.setattr(cluster, "compare_case", _deadly)
    found = evaluate_cohort(pairs, running=Running(scheduler=address))
    assert "Unexpected ZeroDivisionError on the cluster" in found.cases[4].message
    assert found.cases[5].status == "ok"


def _deadly(job: Any, pair: Any) -> Any:
    if pair.case == "case_0004":
        raise ZeroDivisionError
    return importlib.import_module("napari_medassist.app.cohort.job").compare_case(job, pair)


def test_no_scheduler_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    pairs = pair_files(*cohort(tmp_path, 3)).pairs
    with pytest.raises(FileProblem, match="No Dask scheduler answers"):
        evaluate_cohort(pairs, running=Running(scheduler="tcp://127.0.0.1:9"))


def test_without_distributed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(cluster.importlib, "import_module", absent)
    with pytest.raises(InvalidSetting, match=r"napari-medassist\[dask\]"):
        cluster.on_cluster("tcp://127.0.0.1:9")
