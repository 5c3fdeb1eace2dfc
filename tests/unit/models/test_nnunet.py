"""Trained nnU-Net v2 folders: small ones made here, in the old form of their plans and the new one."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_medassist.app.segmenting import segment
from napari_medassist.cli.main import main
from napari_medassist.core.case import Case
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    InvalidSetting,
    UnsupportedFormat,
)
from napari_medassist.models import nnunet
from napari_medassist.models.backends.choice import load
from napari_medassist.models.backends.openvino import OpenVinoBackend
from napari_medassist.models.grids import labels_on_grid
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.registry import add_model, find_model
from tests.unit.models.test_predictor import CENTRE, around, lesion_image

unet = pytest.importorskip("dynamic_network_architectures.architectures.unet")
PATCH = (8, 32, 16)
GRID = around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3))
NEW: dict[str, Any] = {
    "patch_size": list(PATCH),
    "spacing": [3.0, 0.8, 0.9],
    "normalization_schemes": ["ZScoreNormalization"],
    "use_mask_for_norm": [False],
    "architecture": {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": 3,
            "features_per_stage": [4, 8, 8],
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
            "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
            "n_conv_per_stage": [1, 1, 1],
            "n_conv_per_stage_decoder": [1, 1],
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    },
}
OLD: dict[str, Any] = {
    **{
        key: NEW[key] for key in ("patch_size", "spacing", "normalization_schemes", "use_mask_for_norm")
    },
    "UNet_class_name": "PlainConvUNet",
    "UNet_base_num_features": 4,
    "unet_max_num_features": 8,
    "n_conv_per_stage_encoder": [1, 1, 1],
    "n_conv_per_stage_decoder": [1, 1],
    "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
}
PLANS: dict[str, Any] = {
    "dataset_name": "Dataset501_Tiny Prostate",
    "transpose_forward": [0, 1, 2],
    "transpose_backward": [0, 1, 2],
    "configurations": {"3d_fullres": NEW, "2d": {}},
    "foreground_intensity_properties_per_channel": {
        "0": {"mean": 50.0, "std": 20.0, "percentile_00_5": -100.0, "percentile_99_5": 300.0}
    },
}
DATASET: dict[str, Any] = {
    "channel_names": {"0": "T2W"},
    "labels": {"background": 0, "gland": 1, "lesion": 2},
    "numTraining": 7,
    "file_ending": ".nii.gz",
}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: home)


def network(n_inputs: int = 1) -> Any:
    torch.manual_seed(0)
    return nnunet._network(NEW, n_inputs, 3).eval()


def trained(
    folder: Path,
    plans: dict[str, Any] = PLANS,
    dataset: dict[str, Any] = DATASET,
    *,
    folds: tuple[str, ...] = ("fold_0",),
    checkpoint: Any = None,
    name: str = "nnUNetTrainer__nnUNetPlans__3d_fullres",
) -> Path:
    """Write a folder as nnU-Net's trainer leaves it."""
    place = folder / name
    place.mkdir(parents=True)
    (place / "plans.json").write_text(json.dumps(plans))
    (place / "dataset.json").write_text(json.dumps(dataset))
    weights = {f"module.{k}": v for k, v in network(len(dataset["channel_names"])).state_dict().items()}
    log = {"train_losses": [np.float64(-0.5), np.float32(0.1)], "epoch": [np.int64(3)]}
    parts = checkpoint or {
        "network_weights": weights,
        "optimizer_state": {"lr": 0.01},
        "logging": log,
        "_best_ema": np.float64(0.7),
        "init_args": {"fold": 0, "configuration": "3d_fullres"},
        "trainer_name": "nnUNetTrainer",
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    for fold in folds:
        (place / fold).mkdir()
        torch.save(parts, place / fold / "checkpoint_final.pth")
    return place


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return plans whose full-resolution configuration is another."""
    plans = copy.deepcopy(base)
    plans["configurations"]["3d_fullres"].update(changes)
    return plans


@pytest.mark.parametrize("form", ["new", "old"])
def test_the_converted_network_says_what_the_trained_one_says(form: str, tmp_path: Path) -> None:
    plans = PLANS if form == "new" else {**PLANS, "configurations": {"3d_fullres": OLD}}
    out = tmp_path / "out"
    out.mkdir()
    path = nnunet.convert(trained(tmp_path, plans), out)
    window = np.random.default_rng(0).normal(size=(1, 1, *PATCH)).astype(np.float32)
    with torch.inference_mode():
        expected = network()(torch.from_numpy(window)).numpy()
    found = OpenVinoBackend(path).run(window, lambda: None)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_folder_is_added_and_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", str(trained(tmp_path))]) == 0
    card = find_model("dataset501_tiny-prostate")
    assert card.network is not None
    assert card.network.sampling.window_zyx == PATCH
    assert card.network.sampling.spacing_zyx_mm == (3.0, 0.8, 0.9)
    assert [label.name for label in card.scheme.labels] == ["gland", "lesion"]
    assert card.inputs[0].role == "t2w"
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = segment(Case("one", (image,)), card)
    assert set(made.labels.values()) <= {1, 2}
    assert main(["models", "show", card.name]) == 0
    assert "nnU-Net" in capsys.readouterr().out


def test_a_transposed_plan_goes_back_to_the_patients_axes(tmp_path: Path) -> None:
    plans = changed(PLANS, spacing=[0.8, 3.0, 0.9], patch_size=[32, 8, 16])
    plans["transpose_forward"] = [1, 0, 2]
    card = add_model(trained(tmp_path, plans))
    assert card.network is not None
    assert card.network.sampling.axes == "PSL"
    assert card.network.sampling.window_zyx == (8, 32, 16)
    assert card.network.sampling.spacing_zyx_mm == (3.0, 0.8, 0.9)


def test_of_a_ct_the_values_of_training_are_taken(tmp_path: Path) -> None:
    dataset = {**DATASET, "channel_names": {"0": "CT"}}
    card = add_model(
        trained(tmp_path, changed(PLANS, normalization_schemes=["CTNormalization"]), dataset)
    )
    assert card.network is not None
    assert card.network.fixed_scale is not None
    np.testing.assert_allclose(
        card.network.fixed_scale.apply(np.array([-900.0, 50.0, 900.0])), [-7.5, 0.0, 12.5]
    )
    assert card.inputs[0].role == "ct"


def test_several_channels_take_their_roles(tmp_path: Path) -> None:
    dataset = {**DATASET, "channel_names": {"0": "T2W", "1": "ADC", "2": "HBV"}}
    plans = changed(
        PLANS, normalization_schemes=["ZScoreNormalization"] * 3, use_mask_for_norm=[True] * 3
    )
    card = add_model(trained(tmp_path, plans, dataset))
    assert [wanted.role for wanted in card.inputs] == ["t2w", "adc", "high-b"]


def test_the_fold_is_chosen(tmp_path: Path) -> None:
    folder = trained(tmp_path, folds=("fold_0", "fold_all"))
    assert nnunet._checkpoint(folder, "").parent.name == "fold_all"
    assert nnunet._checkpoint(folder, "0").parent.name == "fold_0"
    with pytest.raises(FileProblem, match="fold_0, fold_all"):
        add_model(folder, fold="4")


@pytest.mark.parametrize(
    ("change", "dataset", "words"),
    [
        ({"normalization_schemes": ["RGBTo01Normalization"]}, {}, "RGBTo01"),
        ({}, {"regions_class_order": [2, 1]}, "order"),
        ({"previous_stage": "3d_lowres"}, {}, "cascade"),
        ({"architecture": {**NEW["architecture"], "network_class_name": "os.system"}}, {}, "system"),
        (
            {
                "architecture": {
                    **NEW["architecture"],
                    "arch_kwargs": {**NEW["architecture"]["arch_kwargs"], "nonlin": "os.system"},
                }
            },
            {},
            "os.system",
        ),
    ],
    ids=["normalisation", "regions", "cascade", "network", "class"],
)
def test_what_is_not_known_is_refused(
    change: dict[str, Any], dataset: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        add_model(trained(tmp_path, changed(PLANS, **change), {**DATASET, **dataset}))
    assert not list(user_models_folder().glob("*"))


def test_a_cascaded_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="'3d_cascade_fullres' is not read"):
        add_model(trained(tmp_path, name="nnUNetTrainer__nnUNetPlans__3d_cascade_fullres"))


def test_folds_answer_as_their_mean(tmp_path: Path) -> None:
    """As nnU-Net joins them: the mean of the logits."""
    folder = trained(tmp_path, folds=("fold_0", "fold_1", "fold_2"))
    for k in range(3):
        path = folder / f"fold_{k}" / "checkpoint_final.pth"
        parts = torch.load(path, weights_only=False)
        parts["network_weights"] = {n: w * (1 + 0.2 * k) for n, w in parts["network_weights"].items()}
        torch.save(parts, path)
    card = add_model(folder, fold="each")
    assert card.network is not None
    assert [f.name for f in card.weights] == ["network.onnx", "network-1.onnx", "network-2.onnx"]
    assert "3 folds" in card.limits[0]
    window = np.random.default_rng(0).normal(size=(1, 1, *PATCH)).astype(np.float32)
    ready = load(find_model(card.name))
    assert "mean of 3 networks" in ready.name
    each = []
    for k in range(3):
        net = network()
        net.load_state_dict({n: w * (1 + 0.2 * k) for n, w in network().state_dict().items()})
        with torch.inference_mode():
            each.append(net.eval()(torch.from_numpy(window)).numpy())
    assert np.abs(each[0] - each[2]).max() > 0.05
    np.testing.assert_allclose(ready.run(window, lambda: None), np.mean(each, axis=0), atol=1e-3)
    made = segment(Case("c", (lesion_image(GRID, CENTRE),)), card)
    assert "mean of 3 networks" in made.labels.provenance.software
    with pytest.raises(FileProblem, match="fold '7'"):
        nnunet._checkpoints(folder, "0,7")


def test_an_exchanged_member_of_an_ensemble_is_refused(tmp_path: Path) -> None:
    card = add_model(trained(tmp_path, folds=("fold_0", "fold_1")), fold="0,1")
    member = user_models_folder() / card.name / "network-1.onnx"
    member.write_bytes(member.read_bytes() + b"x")
    with pytest.raises(CorruptFile, match="not the expected weights"):
        load(find_model(card.name))


REGIONS = {
    **DATASET,
    "labels": {"background": 0, "whole": [1, 2], "core": [2]},
    "regions_class_order": [1, 2],
}


def test_regions_are_laid_over_each_other_as_nnunet_does(tmp_path: Path) -> None:
    folder = trained(tmp_path, PLANS, REGIONS)
    torch.manual_seed(0)
    net = nnunet._network(NEW, 1, 2).eval()
    torch.save({"network_weights": net.state_dict()}, folder / "fold_0" / "checkpoint_final.pth")
    card = add_model(folder)
    assert [(label.value, label.name) for label in card.scheme.labels] == [(1, "whole"), (2, "core")]
    assert card.network is not None
    assert not card.network.mirrors, "the checkpoint does not say that it was trained with mirroring"
    image = lesion_image(GRID, CENTRE)
    made = segment(Case("c", (image,)), card)
    assert made.probability is not None
    assert made.grid is not None
    expected = np.zeros(made.grid.shape_zyx, dtype=np.uint8)
    for value, region in enumerate(made.probability, start=1):  # nnU-Net's own loop
        expected[region > 0.5] = value
    there = labels_on_grid(expected, made.grid, image.geometry)
    found = np.asarray(made.labels.array)
    assert set(np.unique(found)) >= {1, 2} or np.unique(expected).size < 3
    assert (there == found).mean() > 0.95  # noise: surfaces everywhere, resampled in two ways
    assert np.asarray(segment(Case("c", (image,)), card, doubting=True).uncertainty.array).max() <= 1  # type: ignore[union-attr]


def test_a_network_of_slices_sees_each_slice_by_itself(tmp_path: Path) -> None:
    arguments = copy.deepcopy(NEW["architecture"]["arch_kwargs"])
    arguments.update(
        conv_op="torch.nn.modules.conv.Conv2d",
        norm_op="torch.nn.modules.instancenorm.InstanceNorm2d",
        kernel_sizes=[[3, 3]] * 3,
        strides=[[1, 1], [2, 2], [2, 2]],
    )
    flat = {
        **NEW,
        "patch_size": [32, 16],
        "spacing": [0.8, 0.9],
        "architecture": {**NEW["architecture"], "arch_kwargs": arguments},
    }
    plans = {**PLANS, "configurations": {"2d": flat}}
    folder = trained(tmp_path, plans, name="nnUNetTrainer__nnUNetPlans__2d")
    torch.manual_seed(1)
    net = nnunet._network(flat, 1, 3).eval()
    parts = {"network_weights": net.state_dict(), "inference_allowed_mirroring_axes": (0, 1)}
    torch.save(parts, folder / "fold_0" / "checkpoint_final.pth")
    card = add_model(folder)
    assert card.network is not None
    assert card.network.sampling.window_zyx == (1, 32, 16)
    assert card.network.sampling.spacing_zyx_mm == (0.0, 0.8, 0.9)
    assert card.network.mirrors
    image = lesion_image(GRID, CENTRE)
    made = segment(Case("c", (image,)), card)
    assert made.grid is not None
    assert made.grid.spacing_zyx_mm[0] == pytest.approx(image.geometry.spacing_zyx_mm[0])
    first = image.geometry.lps_to_index(made.grid.index_to_lps(np.zeros(3)))
    assert first[0] == pytest.approx(round(first[0]), abs=1e-6), "a slice is no mean of two"
    window = np.random.default_rng(0).normal(size=(1, 1, 1, 32, 16)).astype(np.float32)
    with torch.inference_mode():
        expected = net(torch.from_numpy(window[:, :, 0])).numpy()[:, :, None]
    found = load(card).run(window, lambda: None)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_plans_that_lack_something_are_told(tmp_path: Path) -> None:
    plans = copy.deepcopy(PLANS)
    del plans["configurations"]["3d_fullres"]["spacing"]
    with pytest.raises(CorruptFile, match="spacing"):
        add_model(trained(tmp_path, plans))


def test_a_checkpoint_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    with pytest.raises(CorruptFile, match="checkpoint"):
        add_model(trained(tmp_path, checkpoint={"network_weights": Evil()}))
    assert not marker.exists()
    assert not list(user_models_folder().glob("*"))


def test_a_torn_checkpoint_and_one_of_another_network_are_told(tmp_path: Path) -> None:
    folder = trained(tmp_path, checkpoint={"network_weights": {"a": torch.zeros(2)}})
    with pytest.raises(CorruptFile, match="does not hold this network"):
        add_model(folder)
    path = folder / "fold_0" / "checkpoint_final.pth"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptFile, match="does not hold this network"):
        add_model(folder)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nnunet, "find_spec", lambda name: None if name == "onnx" else 1)
    with pytest.raises(InvalidSetting, match="onnx must be installed"):
        add_model(trained(tmp_path))
