"""Kill sessions at random moments and compare what is brought back; run as a program of its own.

``python -m tests.killed_session FOLDER KILLS SEED`` prints what happened as JSON. Each session is a
process of its own that paints, undoes, redoes and lets snapshots be written, until SIGKILL ends it.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.annotation.action_bytes import to_plain
from napari_medassist.annotation.actions import Action, FindingEdit
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.history import History
from napari_medassist.annotation.map_about import about_map
from napari_medassist.annotation.recovery import Recovered, recover
from napari_medassist.annotation.session_file import SESSION_FILE, SessionFacts, copy_of
from napari_medassist.annotation.session_writer import SessionWriter
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.orientation import SourceGrid

SHAPE = (6, 48, 48)
_LONGEST_S = 0.12
_SNAPSHOT_EVERY = 9
#: Most sessions are killed once a step is safe, the others from the very beginning on.
_AFTER_A_STEP = 0.85


def first_document() -> Document:
    grid = SourceGrid.of(Geometry(SHAPE, (3.0, 0.5, 0.5)))
    return Document(
        {"a": np.zeros(SHAPE, np.uint8)}, {}, {"a": about_map("lesions", LabelScheme(), grid)}
    )


def steps(history: History, seed: int) -> Iterator[tuple[str, Action]]:
    """Do one step after another; the same ones for the same seed."""
    chance = np.random.default_rng(seed)
    while True:
        kind = chance.choice(["paint", "paint", "paint", "finding", "undo", "redo"])
        action = _undone(history, kind) if kind in ("undo", "redo") else _done(history, kind, chance)
        if action is not None:
            yield (kind if kind in ("undo", "redo") else "step"), action


def _undone(history: History, kind: str) -> Action | None:
    return history.undo() if kind == "undo" else history.redo()


def _done(history: History, kind: str, chance: Any) -> Action | None:
    document = history.document
    action: Action | None
    if kind == "finding":
        fields = {"pirads": int(chance.integers(1, 6)), "notes": "x" * int(chance.integers(0, 200))}
        action = FindingEdit("Change", "f", document.findings.get("f"), fields)
    else:
        voxels = document.maps["a"]
        z, y, x = (int(chance.integers(0, n - 3)) for n in SHAPE)
        box = (slice(z, z + 3), slice(y, min(y + 20, 48)), slice(x, min(x + 20, 48)))
        mask = chance.random(voxels[box].shape) < 0.7
        action = voxel_edit(
            "Brush", "a", voxels, [Dab(box, mask, voxels[box][mask], chance.integers(5))]
        )
    if action is not None:
        history.do(action)
    return action


def live(folder: Path, found: Recovered | None, seed: int, told: int) -> None:
    """Annotate without end; tell of each step that is safe."""
    history = History(first_document()) if found is None else found.history
    facts = SessionFacts("s", "case") if found is None else found.facts
    writer = SessionWriter(
        folder, facts, lambda number: os.write(told, f"{number}\n".encode()) and None
    )
    document = copy_of(history.document)
    if found is None:
        writer.begin(document)
    else:
        writer.go_on(found, document)
    for place, (kind, action) in enumerate(steps(history, seed)):
        plain, content = to_plain(action)
        writer.add(kind, {"action": plain}, content)
        if place % _SNAPSHOT_EVERY == _SNAPSHOT_EVERY - 1:
            writer.compact(copy_of(history.document))
            writer.flush()


def kill_once(folder: Path, found: Recovered | None, seed: int, chance: random.Random) -> int:
    """Let a session live for a moment; return the number of the last step that it said was safe."""
    listen, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(listen)
        live(folder, found, seed, tell)
        os._exit(1)
    os.close(tell)
    if chance.random() < _AFTER_A_STEP:
        select.select([listen], [], [], 30)
    time.sleep(chance.uniform(0, _LONGEST_S))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    heard = b""
    while select.select([listen], [], [], 0)[0] and (more := os.read(listen, 65536)):
        heard += more
    os.close(listen)
    numbers = [int(line) for line in heard.split(b"\n")[:-1]]
    return max(numbers, default=0 if found is None else found.number)


def expected(found: Recovered | None, seed: int, number: int) -> Document:
    """Return the document after a step, worked out without any file."""
    history = History(first_document()) if found is None else found.history
    begun = 0 if found is None else found.number
    for place, _ in zip(range(begun, number), steps(history, seed), strict=False):
        assert place < number
    return history.document


def same(first: Document, second: Document) -> bool:
    return bool((first.maps["a"] == second.maps["a"]).all()) and first.findings == second.findings


def main(root: Path, kills: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    counts = {
        "kills": 0,
        "before_the_first_snapshot": 0,
        "in_a_snapshot": 0,
        "torn_step": 0,
        "steps": 0,
    }
    folder, has_session = root / "0", False
    for number in range(kills):
        if number % 4 == 0:  # a new case; else the killed session is gone on with
            folder, has_session = root / str(number), False
        safe = kill_once(folder, recover(folder) if has_session else None, seed + number, chance)
        before = recover_at(root, folder, has_session)
        has_session = (folder / SESSION_FILE).exists()
        counts["kills"] += 1
        if not has_session:
            assert safe == 0, f"kill {number}: {safe} steps said to be safe, and no session"
            counts["before_the_first_snapshot"] += 1
            continue
        names = [path.name for path in folder.iterdir()]
        found = recover(folder)
        generations = {name[:4] for name in names if name.endswith(".nii.gz")}
        counts["in_a_snapshot"] += len(generations) > 1 or any(".part." in n for n in names)
        counts["torn_step"] += bool(found.told)
        counts["steps"] += found.number
        assert found.number >= safe, f"kill {number}: step {safe} was safe, {found.number} came back"
        wanted = expected(before, seed + number, found.number)
        assert same(found.history.document, wanted), f"kill {number}: another state came back"
        keep(root, folder)
    return counts


def keep(root: Path, folder: Path) -> None:
    """Copy a session, to begin from it again once more when the next kill is judged."""
    os.system(f"rm -rf '{root}/kept' && cp -r '{folder}' '{root}/kept'")  # noqa: S605


def recover_at(root: Path, _folder: Path, has_session: bool) -> Recovered | None:
    """Return the session as it was before the kill."""
    return recover(root / "kept") if has_session else None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
