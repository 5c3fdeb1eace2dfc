from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medassist import __version__
from napari_medassist.app import samples
from napari_medassist.cli.main import main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_inspect_says_what_the_sample_study_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(samples.sample_study()), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    by_role = {entry["role"]: entry for entry in found["series"]}
    assert set(by_role) == {"t2w", "adc", "dwi", "high-b", "dce"}
    assert by_role["dwi"]["b_values"] == [0, 50, 400, 800]
    assert by_role["high-b"]["calculated"]
    assert by_role["dce"]["n_timepoints"] == 10
    assert by_role["dce"]["time_source"]
    assert by_role["t2w"]["shape_zyx"] == [20, 256, 256]
    assert by_role["t2w"]["spacing_zyx_mm"] == pytest.approx([3.0, 0.7, 0.7])
    assert len(by_role["t2w"]["direction"]) == 3
    assert by_role["t2w"]["modality"] == "MR"


def test_inspect_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(samples.sample_ct())]) == 0
    out = capsys.readouterr().out
    assert "simulated-ct: 1 series" in out
    assert "ct " in out


def test_own_role_rules_are_tried_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "roles.yaml"
    rules.write_text("- {role: planning-ct, text: simulated ct}\n")
    assert main(["inspect", str(samples.sample_ct()), "--json", "--roles", str(rules)]) == 0
    assert json.loads(capsys.readouterr().out)["series"][0]["role"] == "planning-ct"


@pytest.mark.parametrize("what", ["missing", "empty_folder", "text_file"])
def test_nothing_to_read_is_one_message_with_path_and_cure(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / what
    if what == "empty_folder":
        path.mkdir()
    if what == "text_file":
        path.write_text("no image")
    assert main(["inspect", str(path)]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt draws without DISPLAY elsewhere")
@pytest.mark.parametrize("command", [["open", "x"], ["demo"]])
def test_without_a_screen_a_window_is_one_message(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Qt itself would abort the process."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(command) == 2
    assert "has no screen. Use 'napari-medassist inspect'" in capsys.readouterr().err


def test_a_reader_that_stops_early_is_no_error() -> None:
    """As in ``napari-medassist inspect ... --json | head -1``."""
    code = (
        "import sys; from napari_medassist.cli.main import main;"
        f"sys.exit(main(['inspect', {str(samples.sample_study())!r}, '--json']))"
    )
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writes, stderr=subprocess.PIPE, check=False
    )
    os.close(writes)
    assert done.returncode == 0
    assert done.stderr == b""
