"""What runs networks: the same numbers from each, clear refusals, and stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from napari_medassist.core.errors import Cancelled, CorruptFile, FileProblem, InvalidSetting
from napari_medassist.models.backends.choice import available, load
from napari_medassist.models.backends.onnx_runtime import OnnxRuntimeBackend
from napari_medassist.models.backends.openvino import OpenVinoBackend
from napari_medassist.models.places import weights_place
from napari_medassist.models.registry import find_model, models

RUNNERS = [OpenVinoBackend, OnnxRuntimeBackend]
BUNDLED = [card for card in models() if card.weights and all(f.source is None for f in card.weights)]


def quiet() -> None:
    pass


def network_file(path: Path, operator: str = "Relu") -> Path:
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 2, 3, 4])
        for name in ("image", "logits")
    ]
    graph = helper.make_graph(
        [helper.make_node(operator, ["image"], ["logits"])], "g", tensors[:1], tensors[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_network_in_a_file_is_run(runner: Any, tmp_path: Path) -> None:
    backend = runner(network_file(tmp_path / "n.onnx"))
    window = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 1, 2, 3, 4)
    np.testing.assert_allclose(backend.run(window, quiet), np.maximum(window, 0))
    # what it returned before is not written over by the next run
    first = backend.run(window, quiet)
    backend.run(-window, quiet)
    np.testing.assert_allclose(first, np.maximum(window, 0))
    assert any(name in backend.name for name in ("OpenVINO", "ONNX Runtime"))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_what_is_no_network_is_told(runner: Any, content: bytes | None, tmp_path: Path) -> None:
    path = network_file(tmp_path / "n.onnx")
    path.write_bytes(path.read_bytes()[:40] if content is None else content)
    with pytest.raises(CorruptFile, match=r"n\.onnx"):
        runner(path)


@pytest.mark.parametrize("runner", RUNNERS)
def test_unknown_operators_are_told(runner: Any, tmp_path: Path) -> None:
    with pytest.raises(CorruptFile, match="cannot run this network"):
        runner(network_file(tmp_path / "n.onnx", "NoSuchOperator"))


@pytest.mark.parametrize("card", BUNDLED, ids=lambda card: card.name)
def test_all_backends_agree_on_bundled_weights(card: Any) -> None:
    assert available(card) == ("openvino", "onnxruntime", "torch")
    network = card.network
    channels = len(card.inputs) + 3 * network.has_positions
    window = np.random.default_rng(0).normal(size=(1, channels, *network.sampling.window_zyx))
    found = {name: load(card, name).run(window.astype(np.float32), quiet) for name in available(card)}
    for name in ("openvino", "onnxruntime"):
        np.testing.assert_allclose(
            found[name], found["torch"], atol=1e-4 * np.abs(found["torch"]).max()
        )


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_run_is_stopped_within_a_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_medassist.models.backends.openvino._TICK_MS", 1)
    monkeypatch.setattr("napari_medassist.models.backends.onnx_runtime._TICK_S", 0.001)
    card = find_model("prostate-zones")
    assert card.network is not None
    backend = load(card, name)
    window = np.zeros((1, 4, *card.network.sampling.window_zyx), np.float32)

    def stop() -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        backend.run(window, stop)
    assert np.isfinite(backend.run(window, quiet)).all()  # it can be used again


def test_a_backend_that_is_not_known_or_has_no_weights_is_told() -> None:
    with pytest.raises(InvalidSetting, match="Choose one of"):
        load(find_model("prostate-zones"), "tensorrt")
    with pytest.raises(InvalidSetting, match="cannot be run by torch"):
        load(find_model("taps-prostate"), "torch")


def test_weights_that_were_changed_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = find_model("prostate-zones")
    file = card.weights[0]
    folder = tmp_path / card.name
    folder.mkdir()
    monkeypatch.setattr("napari_medassist.models.places._PLACES", (tmp_path,))
    with pytest.raises(FileProblem, match="not here"):
        load(card, "openvino")
    whole = weights_place(card, file)
    whole.write_bytes(b"x" * 100)
    with pytest.raises(CorruptFile, match="SHA-256"):
        load(card, "openvino")


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from napari_medassist.models.backends.pytorch import PyTorchBackend

    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(3)}, path)
    with pytest.raises(CorruptFile, match="not weights of prostate-zones"):
        PyTorchBackend(path, "prostate-zones")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(CorruptFile, match=r"w\.safetensors"):
        PyTorchBackend(path, "prostate-zones")


def test_onnx_is_checked_by_its_own_library() -> None:
    card = find_model("prostate-zones")
    onnx.checker.check_model(onnx.load(weights_place(card, card.weights[0])))
