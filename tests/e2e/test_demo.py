"""The demonstration, as `make demo` runs it where there is no screen."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_medassist.app import samples
from napari_medassist.evaluation.verdict_map import MISSED, VERDICT_SCHEME
from napari_medassist.io.files import read_labels
from napari_medassist.models.places import is_installed
from napari_medassist.models.registry import find_card
from napari_medassist.voice.recognisers.kinds import WHISPER
from tests.unit.voice.conftest import missing

pytestmark = pytest.mark.gui

DONE = np.array([0x5F, 0xD3, 0x8D])  # of the text over the cursor


def test_demo_leaves_pictures_tables_and_a_label_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "napari_medassist.cli.main", "demo", "--out", str(tmp_path / "o")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "o"
    for name in ("comparison.png", "labelling.png", "painted_lesion.nii.gz", "cases.csv"):
        assert str(out / name) in done.stdout
    row = next(csv.DictReader((out / "cases.csv").open()))
    assert float(row["dice"]) > 0.85
    assert (row["fn"], row["fp"]) == ("1", "1")
    _shows_the_missed_lesion(out / "comparison.png")
    _lies_on_the_missed_lesion(out / "painted_lesion.nii.gz")
    if not is_installed(find_card(WHISPER)):
        missing("the speech model is not installed")
    assert str(out / "voice.png") in done.stdout
    _tells_that_it_was_done(out / "voice.png")


def _tells_that_it_was_done(picture: Path) -> None:
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert (np.abs(pixels - DONE).max(axis=-1) < 20).sum() > 100


def _shows_the_missed_lesion(picture: Path) -> None:
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert pixels.shape[1] >= 1200
    missed = np.array(VERDICT_SCHEME.get(MISSED).colour)
    assert (np.abs(pixels - missed).max(axis=-1) < 60).sum() > 200


def _lies_on_the_missed_lesion(path: Path) -> None:
    painted = read_labels(path)
    reference_path, prediction_path = samples.sample_labels()
    reference, prediction = read_labels(reference_path), read_labels(prediction_path)
    assert painted.geometry.corner_distance_mm(reference.geometry) < 1e-3
    on_lesion = (np.asarray(painted.array) > 0) & (np.asarray(reference.array) > 0)
    assert on_lesion.any()
    assert not (np.asarray(prediction.array)[on_lesion] > 0).any()
