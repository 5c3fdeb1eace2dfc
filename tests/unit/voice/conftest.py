"""A speech model and a voice to speak with; where CI is set, tests without them fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.core.errors import FileProblem
from napari_medassist.models import places
from napari_medassist.models.registry import find_card
from napari_medassist.voice.recognisers.whisper import DEFAULT
from napari_medassist.voice.sound import read_sound

Speak = Callable[[str], Path]


def missing(what: str) -> None:
    """Skip a test, or fail it where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def models_folder(pytestconfig: pytest.Config) -> Path:
    """Return a folder with the default speech model; it is fetched once and kept between runs."""
    folder = places.user_models_folder()
    if (folder / DEFAULT).is_dir():
        return folder
    kept = Path(pytestconfig.cache.mkdir("models"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "user_models_folder", lambda: kept)
        try:
            places.install(find_card(DEFAULT))
        except FileProblem as error:
            missing(f"the speech model cannot be fetched: {error}")
    return kept


@pytest.fixture
def with_model(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the package find its speech model, and return its folder."""
    monkeypatch.setattr(places, "user_models_folder", lambda: models_folder)
    return models_folder / DEFAULT


@pytest.fixture(scope="session")
def speak(tmp_path_factory: pytest.TempPathFactory) -> Speak:
    """Return what says a text into a WAV file, with espeak-ng."""
    if shutil.which("espeak-ng") is None:
        missing("espeak-ng is not installed")
    folder = tmp_path_factory.mktemp("said")

    def say(text: str) -> Path:
        path = folder / f"{abs(hash(text))}.wav"
        if not path.exists():
            command = ["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), text]
            subprocess.run(command, check=True)
        return path

    return say


@pytest.fixture(scope="session")
def said(speak: Speak) -> Callable[[str], np.ndarray]:
    """Return what gives a text as samples at 16 kHz."""
    return lambda text: read_sound(speak(text))
