"""MONAI bundles made here: read as data; what would run code is refused and not run."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    InvalidSetting,
    UnsupportedFormat,
)
from napari_medassist.models.bundle_code import code_sha256
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.registry import add_model
from tests.unit.models.test_predictor import CENTRE, around, ball_dice, lesion_image

SIZE_XYZ = (24, 32, 8)
METADATA: dict[str, Any] = {
    "name": "Prostate Bright Things",
    "version": "0.3.1",
    "task": "Bright things on T2w",
    "copyright": "somebody",
    "network_data_format": {
        "inputs": {"image": {"num_channels": 1, "modality": "MR", "channel_def": {"0": "T2"}}},
        "outputs": {"pred": {"num_channels": 2, "channel_def": {"0": "background", "1": "bright"}}},
    },
}
STEPS: list[dict[str, Any]] = [
    {"_target_": "LoadImaged", "keys": "image"},
    {"_target_": "EnsureChannelFirstd", "keys": "image"},
    {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
    {"_target_": "Spacingd", "keys": "image", "pixdim": [1.0, 0.9, 3.0], "mode": "bilinear"},
    {"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": True},
]
NETWORK = {
    "_target_": "UNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 2,
    "channels": [4, 8],
    "strides": [2],
}
INFERENCE: dict[str, Any] = {
    "bundle_root": "$import('os').system('false')",  # never looked at
    "preprocessing": {"_target_": "Compose", "transforms": STEPS},
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": list(SIZE_XYZ), "overlap": 0.5},
    "network_def": NETWORK,
}


class Bright(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.cat([1.0 - image, image - 1.0], dim=1)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: home)


def bundle(
    folder: Path,
    inference: dict[str, Any] = INFERENCE,
    metadata: dict[str, Any] = METADATA,
    *,
    weights: Any = None,
) -> Path:
    place = folder / "bundle"
    for name in ("configs", "models"):
        (place / name).mkdir(parents=True)
    (place / "configs" / "metadata.json").write_text(json.dumps(metadata))
    (place / "configs" / "inference.json").write_text(json.dumps(inference))
    if weights is None:
        torch.jit.trace(Bright(), torch.zeros(1, 1, *SIZE_XYZ)).save(str(place / "models" / "model.ts"))
    else:
        torch.save(weights, place / "models" / "model.pt")
    return place


def with_step(position: int, **changes: Any) -> dict[str, Any]:
    found = copy.deepcopy(INFERENCE)
    found["preprocessing"]["transforms"][position].update(changes)
    return found


def nothing_added() -> bool:
    return not list(user_models_folder().glob("*"))


def test_a_bundle_with_torchscript_is_added_and_segments(tmp_path: Path) -> None:
    card = add_model(bundle(tmp_path))
    assert card.full_name == "prostate-bright-things 0.3.1"
    assert card.network is not None
    assert card.network.sampling.spacing_zyx_mm == (3.0, 0.9, 1.0)
    assert card.network.sampling.window_zyx == (8, 32, 24)
    assert card.network.sampling.axes == "RAS"
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = segment(Case("one", (image,)), card)
    assert ball_dice(made, CENTRE) > 0.88


def test_weights_of_one_of_monais_networks_are_read(tmp_path: Path) -> None:
    nets = pytest.importorskip("monai.networks.nets")
    torch.manual_seed(0)
    net = nets.UNet(**{k: v for k, v in NETWORK.items() if k != "_target_"}).eval()
    card = add_model(bundle(tmp_path, weights=net.state_dict()))
    assert card.weights[0].name == "network.onnx"
    from napari_medassist.models.backends.openvino import OpenVinoBackend
    from napari_medassist.models.places import weights_path

    window = np.random.default_rng(0).normal(size=(1, 1, *SIZE_XYZ)).astype(np.float32)
    found = OpenVinoBackend(weights_path(card, card.weights[0])).run(window, lambda: None)
    with torch.inference_mode():
        expected = net(torch.from_numpy(window)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_window_of_intensities_becomes_a_scale(tmp_path: Path) -> None:
    inference = copy.deepcopy(INFERENCE)
    scale = {"a_min": -100, "a_max": 300, "b_min": 0.0, "b_max": 1.0, "clip": True}
    inference["preprocessing"]["transforms"][-1] = {"_target_": "ScaleIntensityRanged", **scale}
    metadata = copy.deepcopy(METADATA)
    metadata["network_data_format"]["inputs"]["image"].update(modality="CT", channel_def={})
    card = add_model(bundle(tmp_path, inference, metadata))
    assert card.network is not None
    assert card.network.fixed_scale is not None
    values = np.array([-500.0, -100.0, 100.0, 900.0])
    np.testing.assert_allclose(card.network.fixed_scale.apply(values), [0, 0, 0.5, 1], atol=1e-6)
    assert card.inputs[0].role == "ct"


@pytest.mark.parametrize(
    ("inference", "words"),
    [
        (with_step(1, _target_="os.system"), "system"),
        (with_step(1, _target_="RandAffined"), "RandAffined"),
        (with_step(3, pixdim="$eval('1')"), "evaluated"),
        (with_step(3, pixdim=["@spacing", 1, 1]), "evaluated"),
        (with_step(4, nonzero={"_target_": "subprocess.run"}), "would have to be made"),
        (with_step(2, axcodes="LPS"), "LPS"),
        (with_step(4, subtrahend=[1.0]), "numbers of its own"),
    ],
    ids=["python", "unknown", "expression", "reference", "object", "axes", "numbers"],
)
def test_what_is_not_understood_is_refused(
    inference: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        add_model(bundle(tmp_path, inference))
    assert nothing_added()


@pytest.mark.parametrize(
    "definition",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "subprocess.run", "args": "true"},
        {**NETWORK, "channels": "$[4, 8]"},
        {**NETWORK, "act": {"_target_": "os.system"}},
        {"_target_": "__builtins__"},
        {},
    ],
)
def test_a_network_that_is_none_of_monais_is_refused(
    definition: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("monai")
    with pytest.raises(UnsupportedFormat):
        add_model(bundle(tmp_path, {**INFERENCE, "network_def": definition}, weights={}))
    assert nothing_added()


def test_weights_that_run_code_are_refused_and_not_run(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    with pytest.raises(CorruptFile, match="checkpoint"):
        add_model(bundle(tmp_path, weights={"a": Evil()}))
    assert not marker.exists()
    assert nothing_added()


def test_missing_parts_are_named(tmp_path: Path) -> None:
    place = bundle(tmp_path)
    (place / "models" / "model.ts").unlink()
    with pytest.raises(FileProblem, match=r"model\.ts"):
        add_model(place)
    (place / "configs" / "inference.json").write_text("{")
    with pytest.raises(CorruptFile, match="neither JSON nor YAML"):
        add_model(place)
    (place / "configs" / "inference.json").write_text(json.dumps({"inferer": {}}))
    with pytest.raises(CorruptFile, match="preprocessing"):
        add_model(place)
    (place / "configs" / "inference.json").unlink()
    with pytest.raises(FileProblem, match=r"inference\.json"):
        add_model(place)
    with pytest.raises(FileProblem, match="neither a MONAI bundle"):
        add_model(place / "models")


def test_a_bundle_in_yaml_is_read(tmp_path: Path) -> None:
    import yaml

    place = bundle(tmp_path)
    (place / "configs" / "inference.json").unlink()
    (place / "configs" / "inference.yaml").write_text(yaml.safe_dump(INFERENCE))
    assert add_model(place).name == "prostate-bright-things"


SCRIPT = """
import pathlib
import torch

pathlib.Path(__file__).with_name("was_run").touch()

class Bright(torch.nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(float(slope)))

    def forward(self, image):
        return torch.cat([1.0 - image, self.weight * image - 1.0], dim=1)
"""


def bundle_with_code(folder: Path) -> Path:
    """Return a bundle whose network is a class of its own, and whose numbers are expressions."""
    inference = with_step(3, pixdim=["@spacing", "$0.3 * 3", 3.0])
    inference |= {"spacing": 1.0, "patch": list(SIZE_XYZ)}
    inference["inferer"] = {"_target_": "SlidingWindowInferer", "roi_size": "$@patch"}
    inference["network_def"] = {"_target_": "scripts.net.Bright", "slope": "$1 + 2"}
    place = bundle(folder, inference, weights={"weight": torch.tensor(1.0)})
    (place / "scripts").mkdir()
    (place / "scripts" / "__init__.py").touch()
    (place / "scripts" / "net.py").write_text(SCRIPT)
    return place


def test_code_of_a_bundle_runs_only_if_its_files_are_trusted(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    place = bundle_with_code(tmp_path)
    ran = place / "scripts" / "was_run"
    with pytest.raises(UnsupportedFormat) as refusal:
        add_model(place)
    trusted = code_sha256(place)
    assert trusted in str(refusal.value)
    with pytest.raises(InvalidSetting, match="not those that you trust"):
        add_model(place, trusted_sha256="0" * 64)
    assert not ran.exists()
    assert nothing_added()

    card = add_model(place, trusted_sha256=trusted.upper())
    assert ran.exists()
    assert card.network is not None
    assert card.network.sampling.spacing_zyx_mm == pytest.approx((3.0, 0.9, 1.0))
    assert card.network.sampling.window_zyx == (8, 32, 24)
    assert "scripts" not in sys.modules
    assert str(place) not in sys.path
    ran.unlink()
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    assert ball_dice(segment(Case("one", (image,)), card), CENTRE) > 0.88
    assert not ran.exists()  # the network was kept as ONNX


def test_trust_ends_when_a_file_of_the_bundle_changes(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    place = bundle_with_code(tmp_path)
    trusted = code_sha256(place)
    script = place / "scripts" / "net.py"
    script.write_text(SCRIPT + "\nimport os\n")
    with pytest.raises(InvalidSetting, match=code_sha256(place)):
        add_model(place, trusted_sha256=trusted)
    assert not (place / "scripts" / "was_run").exists()


def test_what_is_trusted_may_still_fail(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    place = bundle_with_code(tmp_path)
    (place / "scripts" / "net.py").write_text("raise RuntimeError('no')")
    with pytest.raises(CorruptFile, match="network_def"):
        add_model(place, trusted_sha256=code_sha256(place))
    assert nothing_added()


def test_a_trusted_checkpoint_is_still_read_as_tensors_only(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    place, marker = bundle_with_code(tmp_path), tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    torch.save({"weight": Evil()}, place / "models" / "model.pt")
    with pytest.raises(CorruptFile, match="checkpoint"):
        add_model(place, trusted_sha256=code_sha256(place))
    assert not marker.exists()
