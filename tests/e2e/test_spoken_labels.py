"""Words played into a microphone that the system knows; labels appear in the window."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.test_microphone import sound_server, wait_for
from tests.unit.voice.conftest import models_folder, speak, with_model

__all__ = ["models_folder", "sound_server", "speak", "with_model"]  # fixtures

pytestmark = pytest.mark.gui
_HOME = Path(__file__).parents[2]
_GETS_READY_S, _UNDERSTANDS_S = 120, 30


def test_labels_appear_where_words_are_played(
    sound_server: dict[str, str], with_model: Path, speak: Callable[[str], Path], tmp_path: Path
) -> None:
    told, state = tmp_path / "told", tmp_path / "state.json"
    env = {
        **sound_server,
        "NAPARI_MEDASSIST_SESSIONS": str(tmp_path / "sessions"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    command = [sys.executable, "-m", "tests.e2e.listening_window", str(with_model), str(state)]
    with told.open("w") as out:
        window = subprocess.Popen(command, env=env, cwd=_HOME, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: _is_ready(state) or window.poll() is not None, _GETS_READY_S)
        assert window.poll() is None, told.read_text()
        for n, text in enumerate(("lesion PI-RADS four left peripheral zone mid", "label pancreas"), 1):
            time.sleep(0.5)
            subprocess.run(["paplay", str(speak(text))], env=env, check=True)
            wait_for(lambda n=n: len(_state(state)["log"]) >= n, _UNDERSTANDS_S)
        wait_for(lambda: bool(_state(state)["labels"]), _UNDERSTANDS_S)
        found = _state(state)
    finally:
        window.kill()
        window.wait(10)
    assert [entry["result"] for entry in found["log"]] == ["done", "done"], found
    [lesion] = found["findings"]
    assert lesion["fields"] == {"criteria": "PZ", "category": "4"}
    assert lesion["location"]["side"] == "left"
    assert found["marks"] == 1
    assert found["labels"] == ["pancreas"]
    assert found["n_lost"] == 0


def _is_ready(state: Path) -> bool:
    return state.exists() and bool(_state(state)["is_listening"])


def _state(state: Path) -> dict[str, list[dict[str, object]]]:
    return json.loads(state.read_text(encoding="utf-8"))
