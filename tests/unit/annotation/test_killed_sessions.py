"""SIGKILL and a full disk: no step that was said to be safe is lost, nothing is half written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_medassist.annotation.action_bytes import to_plain
from napari_medassist.annotation.history import History
from napari_medassist.annotation.recovery import recover
from napari_medassist.annotation.session_file import SessionFacts, copy_of
from napari_medassist.annotation.session_writer import SessionWriter
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from tests.killed_session import first_document

#: ``MEDASSIST_KILLS=200`` for the long run.
KILLS = int(os.environ.get("MEDASSIST_KILLS", "20"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sessions are forked, to be quick")
def test_after_each_kill_the_last_safe_step_comes_back(tmp_path):
    command = [sys.executable, "-m", "tests.killed_session", str(tmp_path), str(KILLS), "2026"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    counts = json.loads(run.stdout)
    assert counts["kills"] == KILLS
    assert counts["steps"] > 0
    assert counts["before_the_first_snapshot"] < KILLS / 2


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root on Linux only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def noise(history: History, n: int):
    """A stroke that cannot be compressed: about 12 kB."""
    voxels = history.document.maps["a"]
    chance = np.random.default_rng(n)
    box = tuple(slice(0, size) for size in voxels.shape)
    values = chance.integers(0, 256, voxels.shape).astype(np.uint8).ravel()
    action = voxel_edit(f"Noise {n}", "a", voxels, [Dab(box, None, voxels, values)])
    assert action is not None
    history.do(action)
    return action


def test_a_full_disk_is_told_at_once_and_writing_resumes_when_there_is_room(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 100_000)
    history = History(first_document())
    writer = SessionWriter(small_disk / "s", SessionFacts("s", "case"))
    writer.begin(copy_of(history.document))
    states, n = [history.document.maps["a"].copy()], 0
    while not writer.state.problem:
        plain, content = to_plain(noise(history, n := n + 1))
        writer.add("step", {"action": plain}, content)
        states.append(history.document.maps["a"].copy())
        writer.flush(0.2)
        assert n < 100
    assert "space" in writer.state.problem
    assert writer.state.n_waiting >= 1
    found = recover(small_disk / "s")
    assert found.told == ()  # nothing half written
    assert found.number == writer.state.number
    np.testing.assert_array_equal(found.history.document.maps["a"], states[found.number])
    ballast.unlink()
    until = time.monotonic() + 10
    while writer.state.n_waiting and time.monotonic() < until:
        time.sleep(0.05)
    assert writer.state.problem == ""
    assert writer.close()
    np.testing.assert_array_equal(recover(small_disk / "s").history.document.maps["a"], states[-1])


def test_no_room_for_a_new_snapshot_leaves_the_old_one_with_its_journal(small_disk):
    history = History(first_document())
    writer = SessionWriter(small_disk / "s", SessionFacts("s", "case"))
    writer.begin(copy_of(history.document))
    plain, content = to_plain(noise(history, 1))
    writer.add("step", {"action": plain}, content)
    assert writer.flush()
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * (free.f_bavail * free.f_bsize - 8192))
    writer.compact(copy_of(history.document))
    assert writer.flush()
    assert writer.close()
    found = recover(small_disk / "s")
    assert (found.generation, found.told) == (1, ())
    np.testing.assert_array_equal(found.history.document.maps["a"], history.document.maps["a"])
