"""Requests: the newest counts, whatever order the answers come in."""

from __future__ import annotations

import threading

import pytest

from napari_medassist.app.browser.work import Requests
from napari_medassist.core.errors import Cancelled, FileProblem
from napari_medassist.core.progress import silent


def test_a_request_is_computed_and_accepted() -> None:
    taken: list[int] = []
    work = Requests().start("double", lambda _progress: 42, taken.append)
    assert work.run(silent) == 42
    assert taken == []
    work.run_here()
    assert taken == [42]


def test_late_results_and_late_failures_are_dropped() -> None:
    taken: list[str] = []
    told: list[BaseException] = []
    requests = Requests()
    first = requests.start("first", lambda _p: "first", taken.append, told.append)
    second = requests.start("second", lambda _p: "second", taken.append, told.append)
    assert not first.is_current()
    first.accept("first")
    first.fail(FileProblem("late"))
    second.accept("second")
    assert taken == ["second"]
    assert told == []


def test_overtaken_work_stops_at_its_next_report() -> None:
    requests, started, go_on = Requests(), threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def long(progress) -> int:
        progress(0, 2, "begun")
        started.set()
        go_on.wait(5)
        progress(1, 2, "still at it")
        raise AssertionError("it went on")

    work = requests.start("long", long, lambda _v: None)

    def run() -> None:
        try:
            work.run(silent)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(5)
    requests.overtake()
    go_on.set()
    thread.join(5)
    assert len(ended) == 1


def test_the_users_cancel_passes_through_and_is_told() -> None:
    told: list[BaseException] = []
    work = Requests().start("asked", lambda progress: progress(0, 1, ""), lambda _v: None, told.append)

    def cancelled(_done: int, _total: int, _message: str, /) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        work.run_here(cancelled)
    assert isinstance(told[0], Cancelled)


def test_many_threads_make_requests_and_one_is_current() -> None:
    requests = Requests()
    made = []

    def make() -> None:
        made.extend(requests.start("x", lambda _p: 0, lambda _v: None) for _ in range(200))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(work.is_current() for work in made) == 1
