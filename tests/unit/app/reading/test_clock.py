"""Active time, with a clock in the hand of the test."""

from __future__ import annotations

import pytest

from napari_medassist.app.reading.clock import ActiveTimer, in_words


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer(clock: Clock) -> ActiveTimer:
    return ActiveTimer(clock, idle_after_s=60)


def test_nothing_counts_before_the_start(clock: Clock, timer: ActiveTimer) -> None:
    clock.now += 30
    timer.touch()
    assert timer.seconds == 0
    assert not timer.is_running


def test_time_counts_on_top_of_what_was_there(clock: Clock, timer: ActiveTimer) -> None:
    timer.start(100)
    clock.now += 12
    assert timer.seconds == 112
    clock.now += 8
    assert timer.stop() == 120
    clock.now += 50
    timer.touch()
    assert timer.seconds == 120


def test_a_pause_counts_as_one_minute_at_most(clock: Clock, timer: ActiveTimer) -> None:
    timer.start()
    clock.now += 59
    assert timer.is_running
    clock.now += 600
    assert not timer.is_running
    assert timer.seconds == 60
    timer.touch()
    clock.now += 5
    assert timer.seconds == 65


def test_looking_at_it_often_changes_nothing(clock: Clock, timer: ActiveTimer) -> None:
    timer.start()
    for _ in range(200):
        clock.now += 1
        _ = timer.seconds
    assert timer.seconds == 60


def test_inputs_keep_it_running(clock: Clock, timer: ActiveTimer) -> None:
    timer.start()
    for _ in range(10):
        clock.now += 50
        timer.touch()
    assert timer.seconds == 500


def test_behind_other_windows_it_stands_still(clock: Clock, timer: ActiveTimer) -> None:
    timer.start()
    clock.now += 10
    timer.set_in_front(False)
    clock.now += 20
    timer.touch()  # the mouse passes over the window
    clock.now += 20
    assert timer.seconds == 10
    assert not timer.is_running
    timer.set_in_front(True)
    clock.now += 7
    assert timer.seconds == 17


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (59.9, "0:59"), (3661, "1:01:01")])
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
