"""A user's own networks: real files made here, added, run, refused, removed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_medassist.app.segmenting import _ready, segment
from napari_medassist.cli.main import main
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.models.card import Task
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.registry import add_model, find_model, models
from napari_medassist.models.user_models import remove_model, user_models
from tests.unit.models.test_predictor import CENTRE, around, ball_dice, lesion_image

WINDOW = (8, 24, 24)
DESCRIPTION: dict[str, Any] = {
    "version": 1,
    "name": "my-lesions",
    "title": "Bright things",
    "inputs": [{"role": "t2w", "modality": "MR"}],
    "spacing_zyx_mm": [3.0, 1.0, 1.0],
    "window_zyx": list(WINDOW),
    "normalisation": {"kind": "fixed", "low": 0, "high": 1000, "mean": 100, "deviation": 200},
    "activation": "softmax",
    "labels": {"1": "Bright"},
    "licence": "mine",
}


class Bright(torch.nn.Module):
    """Two classes: bright from 1 deviation above the mean on."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        bright = image[:, :1] - 1.0
        return torch.cat([-bright, bright], dim=1)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(
        "napari_medassist.models.places.user_data_path", lambda _name: tmp_path / "home"
    )
    return tmp_path / "home"


def written(folder: Path, suffix: str, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"net{suffix}"
    example = torch.zeros(1, 1, *WINDOW)
    if suffix == ".pt":
        torch.jit.trace(Bright(), example).save(str(path))
    else:
        import onnx
        from onnx import TensorProto, helper

        tensor = helper.make_tensor_value_info
        nodes = [
            helper.make_node("Sub", ["image", "one"], ["bright"]),
            helper.make_node("Neg", ["bright"], ["dark"]),
            helper.make_node("Concat", ["dark", "bright"], ["logits"], axis=1),
        ]
        graph = helper.make_graph(
            nodes,
            "bright",
            [tensor("image", TensorProto.FLOAT, [1, 1, *WINDOW])],
            [tensor("logits", TensorProto.FLOAT, [1, 2, *WINDOW])],
            [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, path)
    path.with_suffix(".json").write_text(json.dumps({**DESCRIPTION, **changes}))
    return path


def nothing_added() -> bool:
    folder = user_models_folder()
    return not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_a_model_is_added_runs_and_is_removed(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine", suffix)
    card = add_model(path)
    path.unlink()  # a copy was taken
    assert find_model("my-lesions") == card
    assert card in models()
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = segment(Case("mine", (image,)), "my-lesions")
    assert made.n_windows > 4  # it slides from the first
    assert ball_dice(made, CENTRE) > 0.88
    assert [label.name for label in made.labels.scheme.labels] == ["Bright"]
    other = tmp_path / "home" / "other"
    other.mkdir()
    (other / "card.json").write_text("{}")
    with pytest.raises(InvalidSetting):
        remove_model("../other")
    assert other.exists()
    remove_model("my-lesions")
    assert nothing_added()


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "mine", ".onnx")
    assert main(["models", "add", str(path)]) == 0
    assert main(["models", "list"]) == 0
    assert "my-lesions 1.0" in capsys.readouterr().out
    assert main(["models", "add", str(path)]) == 2
    assert "already" in capsys.readouterr().err
    assert main(["models", "remove", "my-lesions"]) == 0
    assert main(["models", "remove", "my-lesions"]) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spacing_zyx_mm": [3.0, 1.0]}, "spacing_zyx_mm"),
        ({"spacing_zyx_mm": [3.0, -1.0, 1.0]}, "spacing_zyx_mm"),
        ({"axes": "RLS"}, "three axes"),
        ({"labels": {"2": "Bright"}}, "numbered 1, 2"),
        ({"activation": "sigmoid", "labels": {"1": "a", "2": "b"}}, "one label"),
        ({"normalisation": {"kind": "fixed"}}, "fixed needs low"),
        ({"name": "../../evil"}, "name"),
        ({"version": 2}, "version"),
        ({"window": [1, 2, 3]}, "window"),
        ({"labels": {"1": "a", "2": "b"}}, "promises"),
        ({"window_zyx": [9, 24, 24]}, "(1, 1, 9, 24, 24)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_description_is_told_and_nothing_is_added(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(CorruptFile) as told:
        add_model(written(tmp_path / "mine", ".onnx", **changes))
    assert words in str(told.value)
    assert nothing_added()


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_a_truncated_network_is_told_and_nothing_is_added(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine", suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorruptFile):
        add_model(path)
    assert nothing_added()


def test_a_pickle_is_no_torchscript_and_is_never_unpickled(tmp_path: Path) -> None:
    path = written(tmp_path / "mine", ".pt")
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    torch.save({"net": Evil()}, path)
    with pytest.raises(CorruptFile):
        add_model(path)
    assert not marker.exists()
    assert nothing_added()


def test_files_that_are_no_model_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "mine", ".onnx")
    with pytest.raises(FileProblem, match=r"ends in \.onnx"):
        add_model(path.rename(path.with_suffix(".h5")))
    with pytest.raises(FileProblem, match="not there"):
        add_model(tmp_path / "mine" / "other.onnx")
    link = tmp_path / "mine" / "net.onnx"
    link.symlink_to(path.with_suffix(".h5"))
    with pytest.raises(FileProblem, match="is a link"):
        add_model(link)
    path.with_suffix(".json").write_text("{")
    link.unlink()
    path.with_suffix(".h5").rename(path)
    with pytest.raises(CorruptFile, match="no JSON"):
        add_model(path)
    assert nothing_added()


def test_a_name_of_ours_is_taken(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="already"):
        add_model(written(tmp_path / "mine", ".onnx", name="lungs-ct"))


def test_a_model_that_was_changed_after_it_was_added_is_not_run(tmp_path: Path) -> None:
    card = add_model(written(tmp_path / "mine", ".onnx"))
    stored = user_models_folder() / card.name / card.weights[0].name
    stored.write_bytes(stored.read_bytes() + b"x")
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    _ready.cache_clear()  # in another process
    with pytest.raises(CorruptFile, match="SHA-256"):
        segment(Case("mine", (image,)), card)


def test_another_network_of_the_same_name_is_not_mistaken_for_the_first(tmp_path: Path) -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    add_model(written(tmp_path / "mine", ".onnx"))
    assert segment(Case("mine", (image,)), "my-lesions").labels.values() == (1,)
    remove_model("my-lesions")
    scaling = {"kind": "fixed", "low": 0, "high": 1000, "mean": 5000, "deviation": 200}
    add_model(written(tmp_path / "mine", ".onnx", normalisation=scaling))
    assert segment(Case("mine", (image,)), "my-lesions").labels.values() == ()


def test_a_damaged_model_is_listed_as_a_problem_and_the_others_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model(written(tmp_path / "mine", ".onnx"))
    add_model(written(tmp_path / "other", ".onnx", name="second"))
    (user_models_folder() / "second" / "sha256").write_text("{}")
    cards, problems = user_models()
    assert [card.name for card in cards] == ["my-lesions"]
    assert "second" in problems[0]
    assert main(["models", "list"]) == 1
    assert "second" in capsys.readouterr().err
    remove_model("second")
    assert user_models()[1] == ()


def test_a_network_that_finds_lesions_gives_candidates(tmp_path: Path) -> None:
    inputs = [{"role": "t2w", "modality": "MR"}]
    path = written(tmp_path / "mine", ".onnx", task="detection", inputs=inputs)
    card = add_model(path)
    assert card.task is Task.DETECTION
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = segment(Case("a", (image,)), card)
    assert made.confidences is not None
    assert len(made.confidences) == 1
    assert ball_dice(made, CENTRE) > 0.8
    assert not any("gland" in told or "organ" in told for told in made.warnings)
    more = written(tmp_path / "two", ".onnx", task="detection", labels={"1": "a", "2": "b"})
    with pytest.raises(CorruptFile, match="one label"):
        add_model(more)
