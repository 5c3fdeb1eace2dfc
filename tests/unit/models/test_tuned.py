"""Tuned models: versions that are whole or not there, their lineage, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_medassist.core.errors import CorruptFile, InvalidSetting
from napari_medassist.models import tuned
from napari_medassist.models.backends.choice import available, load
from napari_medassist.models.card import Measured, as_text
from napari_medassist.models.networks.known import BUILDERS, can_learn
from napari_medassist.models.registry import (
    find_model,
    models,
    problems,
    remove_model,
    require_free_name,
    root_of,
)
from napari_medassist.models.tuned import Lineage, keep, lineage_of, roll_back, versions

ROOT = find_model("prostate-zones")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: tmp_path)
    return tmp_path / "models"


def lineage(base: str = "prostate-zones", version: str = "0.2") -> Lineage:
    return Lineage(
        base=base,
        base_version=version,
        base_sha256="ab" * 32,
        root="prostate-zones",
        cases=(("a", "11" * 32), ("b", "22" * 32), ("c", "")),
        settings={"steps": 3},
        quality=(Measured("Dice", "0.700, before 0.600", "2 cases of your own"),),
        limits=("A limit of its own.",),
    )


def kept(name: str = "mine", seed: int = 0):  # type: ignore[no-untyped-def]
    torch.manual_seed(seed)
    return keep(name, BUILDERS["prostate-zones"]().eval(), lineage(), ROOT)


def test_a_version_is_a_model_like_others_with_its_lineage_on_the_card(home: Path) -> None:
    card = kept()
    assert card in models()
    assert find_model("mine").full_name == "mine 1"
    text = as_text(card)
    assert "tuned on 2 cases of your own" in text
    assert "from prostate-zones 0.2 (weights abababababab) on 2 labelled and 1 other cases" in text
    assert "0.700, before 0.600" in text
    assert "A limit of its own." in text
    assert card.licence == ROOT.licence
    assert "0.799" not in text, "the figures of the model before are not its own"
    assert root_of(card) == ROOT
    assert can_learn(card)
    assert available(card)[0] == "openvino"
    window = np.random.default_rng(0).standard_normal((1, 4, 20, 112, 112)).astype(np.float32)
    answers = [load(card, name).run(window, lambda: None) for name in ("openvino", "torch")]
    assert np.abs(answers[0] - answers[1]).max() < 1e-3


def test_a_new_version_is_used_and_the_one_before_comes_back(home: Path) -> None:
    first, second = kept(seed=0), kept(seed=1)
    assert (first.version, second.version) == ("1", "2")
    assert find_model("mine").weights == second.weights
    assert roll_back("mine") == 1
    assert find_model("mine").weights == first.weights
    assert versions("mine") == (1, 2)
    assert kept(seed=2).version == "3", "a version is never written over"
    roll_back("mine")
    assert find_model("mine").version == "2"
    roll_back("mine")
    with pytest.raises(InvalidSetting, match="no version before 1"):
        roll_back("mine")
    assert lineage_of("mine").base == "prostate-zones"
    remove_model("mine")
    assert not list(home.iterdir())
    with pytest.raises(InvalidSetting):
        roll_back("mine")


def test_names_are_plain_and_not_those_of_others(home: Path) -> None:
    for name in ("", "../x", "Upper", "a b", "-x", "x" * 80):
        with pytest.raises(InvalidSetting, match="no name"):
            require_free_name(name)
    with pytest.raises(InvalidSetting, match="already"):
        require_free_name("prostate-zones")
    (home / "users-own").mkdir(parents=True)
    with pytest.raises(InvalidSetting, match="already"):
        require_free_name("users-own")
    kept()
    require_free_name("mine")


def test_a_run_that_fails_leaves_no_version(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept()

    def fail(*_args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(tuned, "export_to_onnx", fail)
    with pytest.raises(OSError, match="no space"):
        kept(seed=1)
    assert versions("mine") == (1,)
    assert find_model("mine").version == "1"
    assert sorted(p.name for p in (home / "mine").iterdir()) == ["current", "v1"]


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("current", "seven", "does not name the version"),
        ("current", "7", "Version 7 is not there"),
        ("v1/lineage.json", "{", "cannot be read"),
        ("v1/lineage.json", '{"format": "other", "version": 1}', "cannot be read"),
    ],
)
def test_what_is_damaged_is_told_and_others_go_on(
    home: Path, file: str, content: str, told: str
) -> None:
    kept()
    kept("other")
    (home / "mine" / file).write_text(content, encoding="utf-8")
    assert "other" in {card.name for card in models()}
    assert "mine" not in {card.name for card in models()}
    (problem,) = problems()
    assert told in problem
    assert "mine" in problem


def test_a_root_that_is_gone_is_told(home: Path) -> None:
    kept()
    path = home / "mine" / "v1" / "lineage.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "root": "bygone"}), encoding="utf-8")
    assert "It began with 'bygone'" in problems()[0]


def test_exchanged_weights_are_refused(home: Path) -> None:
    card = kept()
    for name in ("network.onnx", "network.safetensors"):
        path = home / "mine" / "v1" / name
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
    for backend in ("openvino", "torch"):
        with pytest.raises(CorruptFile, match="not the expected weights"):
            load(card, backend)
