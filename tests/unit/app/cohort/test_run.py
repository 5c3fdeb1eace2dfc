"""Whatever does the work, and whatever stops it, the results are the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from napari_medassist.app.cohort import executors, job
from napari_medassist.app.cohort.cache import ResultCache
from napari_medassist.app.cohort.content import engine_key
from napari_medassist.app.cohort.executors import in_processes
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.cohort.job import Job, compare_case
from napari_medassist.app.cohort.packed import CaseRecord, PackedCases, from_json, to_json
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.app.cohort.run import Running, evaluate_cohort, evaluate_under
from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.core.results import CohortEvaluation, Status
from napari_medassist.evaluation.conventions import MEDASSIST
from tests.unit.app.cohort.cohorts import cohort, contents

N_CASES = 8
STRICT = MEDASSIST.with_changes(name="strict", matching={"threshold_reference": 0.9})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return cohort(tmp_path_factory.mktemp("cohort"), N_CASES)


@pytest.fixture(scope="module")
def pairs(folders: tuple[Path, Path]) -> tuple[FilePair, ...]:
    return pair_files(*folders).pairs


@pytest.fixture(scope="module")
def expected(pairs: tuple[FilePair, ...]) -> CohortEvaluation:
    return evaluate_cohort(pairs)


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Record every label map that is read from now on."""
    read: list[Path] = []
    honest = job.read_labels
    monkeypatch.setattr(job, "read_labels", lambda path: (read.append(path), honest(path))[1])
    return read


def test_one_bad_case_costs_nothing_but_itself(expected: CohortEvaluation) -> None:
    statuses = [case.status for case in expected.cases]
    assert statuses[:4] == [Status.OK, Status.GRID_MISMATCH, Status.ERROR, Status.OK]
    assert expected.n_by_status[Status.OK] == N_CASES - 2


def test_a_result_survives_json(expected: CohortEvaluation) -> None:
    for case in expected.cases:
        record = CaseRecord(case)
        again = from_json(to_json(record)).evaluation
        assert to_json(CaseRecord(again)) == to_json(record)
        assert (again.counts, again.lesions, again.matches) == (case.counts, case.lesions, case.matches)
        assert again.spacing_zyx_mm == case.spacing_zyx_mm


def test_cases_are_a_sequence(expected: CohortEvaluation) -> None:
    cases = expected.cases
    assert isinstance(cases, PackedCases)
    assert len(cases) == len(list(cases)) == N_CASES
    assert [c.case for c in cases[2:4]] == ["case_0002", "case_0003"]
    assert cases[-1].case == f"case_{N_CASES - 1:04}"
    assert cases[0].convention == MEDASSIST.settings()
    assert cases != "something else"
    assert len({cases, cases}) == 1


def test_processes_give_the_same(pairs: tuple[FilePair, ...], expected: CohortEvaluation) -> None:
    told: list[int] = []
    running = Running(workers=2, progress=lambda done, *_: told.append(done))
    assert evaluate_cohort(pairs, running=running).cases == expected.cases
    assert told == list(range(N_CASES + 1))


def test_several_conventions_read_each_file_once(
    pairs: tuple[FilePair, ...], expected: CohortEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted_reads(monkeypatch)
    ours, strict = evaluate_under((MEDASSIST, STRICT), pairs)
    assert len(read) == len(set(read)) == 2 * N_CASES
    assert ours.cases == expected.cases
    assert strict.totals.fn > ours.totals.fn
    assert strict.cases[0].convention["name"] == "strict"


class TestKeptResults:
    def test_a_second_run_reads_only_what_failed(
        self,
        pairs: tuple[FilePair, ...],
        expected: CohortEvaluation,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        running = Running(cache_dir=tmp_path / "kept")
        assert evaluate_cohort(pairs, running=running).cases == expected.cases
        read = counted_reads(monkeypatch)
        assert evaluate_cohort(pairs, running=running).cases == expected.cases
        assert {path.name for path in read} == {"case_0002.nii.gz"}

    def test_other_settings_labels_or_contents_are_computed(
        self, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (pair, *_) = pair_files(*folders).pairs
        running = Running(cache_dir=tmp_path)
        evaluate_cohort([pair], running=running)
        read = counted_reads(monkeypatch)
        evaluate_cohort([pair], running=running)
        assert not read
        by_faces = MEDASSIST.with_changes(extraction={"connectivity": 6})
        evaluate_cohort([pair], convention=by_faces, running=running)
        evaluate_cohort([pair], label=1, running=running)
        swapped = FilePair(pair.case, pair.prediction, pair.reference)
        evaluate_cohort([swapped], running=running)
        assert len(read) == 6

    def test_the_same_content_under_another_name_keeps_its_own_name(
        self, pairs: tuple[FilePair, ...], tmp_path: Path
    ) -> None:
        twin = FilePair("twin", pairs[0].reference, pairs[0].prediction, group="B")
        found = evaluate_cohort([pairs[0], twin], running=Running(cache_dir=tmp_path))
        assert [(c.case, c.group, c.dice) for c in found.cases] == [
            (pairs[0].case, "", found.cases[0].dice),
            ("twin", "B", found.cases[0].dice),
        ]

    def test_a_torn_line_costs_its_case_only(
        self,
        pairs: tuple[FilePair, ...],
        expected: CohortEvaluation,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        running = Running(cache_dir=tmp_path)
        evaluate_cohort(pairs, running=running)
        file = tmp_path / "results.jsonl"
        file.write_bytes(file.read_bytes()[:-40])
        read = counted_reads(monkeypatch)
        for _ in range(2):
            assert evaluate_cohort(pairs, running=running).cases == expected.cases
        assert sum(path.name == f"case_{N_CASES - 1:04}.nii.gz" for path in read) == 2

    def test_results_of_detached_headers_are_not_kept(self, tmp_path: Path) -> None:
        paths = [tmp_path / "a.mhd", tmp_path / "b.nii"]
        for path in paths:
            path.write_bytes(b"x")
        shared = Job((MEDASSIST,), needs_keys=True)
        assert compare_case(shared, FilePair("a", (paths[0],), (paths[1],))).keys == ()

    def test_a_cache_that_cannot_be_made(self, pairs: tuple[FilePair, ...], tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(FileProblem, match="cannot be kept here"):
            evaluate_cohort(pairs, running=Running(cache_dir=tmp_path / "file"))

    def test_what_shows_results_is_not_part_of_the_engine(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for package in ("core", "io", "metrics", "evaluation/report"):
            (tmp_path / package).mkdir(parents=True)
        monkeypatch.setattr("napari_medassist.app.cohort.content.files", lambda _: tmp_path)
        keys = []
        for changed in ("core/a.py", "evaluation/report/a.py", "evaluation/a.py"):
            (tmp_path / changed).write_text("changed")
            keys.append(engine_key.__wrapped__())
        assert keys[0] == keys[1] != keys[2]

    def test_the_engine_is_part_of_the_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = Job((MEDASSIST,)).settings_keys
        monkeypatch.setattr("napari_medassist.app.cohort.content.engine_key", lambda: "other")
        assert Job((MEDASSIST,)).settings_keys != before


def test_a_process_that_dies_costs_its_case_only(
    pairs: tuple[FilePair, ...], expected: CohortEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "_in_worker", _deadly)
    found = dict(in_processes(2)(Job((MEDASSIST,)), pairs))
    assert sorted(found) == list(range(N_CASES))
    (lost,) = (from_json(text).evaluation for text in found[3].results)
    assert lost.status is Status.ERROR
    assert "not enough memory" in lost.message
    assert found[0].results == (to_json(_without_settings(expected, 0)),)


def _deadly(pair: FilePair) -> job.Outcome:
    if pair.case == "case_0003":
        os._exit(1)
    return executors.compare_case(Job((MEDASSIST,)), pair)


def _without_settings(found: CohortEvaluation, index: int) -> CaseRecord:
    return CaseRecord(replace(found.cases[index], convention={}))


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_or_no_cases(pairs: tuple[FilePair, ...], workers: int) -> None:
    with pytest.raises(InvalidSetting, match="at least one worker"):
        evaluate_cohort(pairs, running=Running(workers=workers))
    with pytest.raises(InvalidSetting, match="no case"):
        evaluate_cohort([])


@pytest.fixture
def slow_command(tmp_path: Path) -> tuple[list[str], Path, tuple[Path, Path]]:
    """A run of 200 cases in two processes: enough to be stopped in the middle."""
    reference, prediction = cohort(tmp_path, 200, seed=1)
    out = tmp_path / "out"
    options = ["--reference", reference, "--prediction", prediction, "--out", out, "--workers", 2]
    command = [sys.executable, "-m", "napari_medassist.cli.main", "evaluate", *map(str, options)]
    return command, out, (reference, prediction)


def _begun(command: list[str], out: Path, n_kept: int) -> subprocess.Popen[str]:
    """Start a run and return when it has kept some results."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    kept = out / ".medassist-cache" / "results.jsonl"
    deadline = time.monotonic() + 60
    while not kept.exists() or kept.read_bytes().count(b"\n") < n_kept:
        assert process.poll() is None, "ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


def kept_files(out: Path) -> set[str]:
    """Return the digests of the files whose results are kept."""
    lines = (out / ".medassist-cache" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    found = (re.match(r'{"key":"[0-9a-f]+-([0-9a-f-]+)",.*}$', line) for line in lines)
    return {match[1] for match in found if match}


@pytest.mark.parametrize("of_all", [False, True], ids=["parent", "parent and workers"])
def test_a_kill_in_the_middle_loses_nothing(
    slow_command: tuple[list[str], Path, tuple[Path, Path]], tmp_path: Path, of_all: bool
) -> None:
    command, out, folders = slow_command
    process = _begun(command, out, 20)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    if of_all:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
    assert not (out / "cases.csv").exists()
    with ResultCache(out / ".medassist-cache") as cache:
        n_kept = len(cache)
    assert 20 <= n_kept < 198
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "processes outlive their parent"

    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    # By their files only: were the engine changed meanwhile, its results would be others.
    assert len(kept_files(out)) == 199
    evaluate_files(*folders, tmp_path / "uninterrupted")
    assert contents(out) == contents(tmp_path / "uninterrupted")


def test_ctrl_c_ends_all_processes_and_says_how_to_go_on(
    slow_command: tuple[list[str], Path, tuple[Path, Path]],
) -> None:
    command, out, _ = slow_command
    process = _begun(command, out, 5)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in told
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert not (out / "cases.csv").exists()
