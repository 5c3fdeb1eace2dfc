"""Trained nnU-Net v2 folders: read as data, and written as an ONNX network with its description.

The formats of ``plans.json``, ``dataset.json`` and checkpoints are those of nnunetv2 2.2 to 2.8
(Isensee et al., Nature Methods 2021). Nothing in a folder is imported or unpickled beyond tensors and
numbers: classes that the plans name are looked up in a list of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting, UnsupportedFormat
from napari_medassist.models.onnx_export import export_to_onnx, weights_only

_CONFIGURATIONS = ("3d_fullres", "3d_lowres", "2d")
_PLANES = "SPL"  # what nnU-Net sees of an axial series that SimpleITK reads
_REORIENTED = "SAR"  # of what its nibabel reader turns to RAS first
_ROLES = {
    "ct": "ct", "t2": "t2w", "t2w": "t2w", "adc": "adc", "hbv": "high-b", "highb": "high-b",
    "dwi": "high-b", "dce": "dce", "us": "us",
}  # fmt: skip
_NETWORKS = {"PlainConvUNet": "n_conv_per_stage", "ResidualEncoderUNet": "n_blocks_per_stage"}
_MEMORY_MB = 4000
_LIMITS = "One fold, no mirroring, linear interpolation: near nnU-Net's own prediction, not equal."


def is_nnunet_folder(path: Path) -> bool:
    """Tell whether a folder looks like what ``nnUNetv2_train`` leaves."""
    return (path / "plans.json").is_file() and (path / "dataset.json").is_file()


def convert(folder: Path, out: Path, fold: str = "") -> Path:
    """Write the network of a trained folder as ``network.onnx``, with ``network.json`` beside it.

    Parameters
    ----------
    folder
        As ``nnUNetTrainer__nnUNetPlans__3d_fullres``: plans, dataset, and a folder for each fold.
    out
        An existing, empty folder.
    fold
        Which fold, e.g. ``0`` or ``all``; several parted by commas, or ``each``, become an ensemble.
        By default ``all`` where it is there, else the first.

    Returns
    -------
    Path
        The network; of an ensemble the first, the others are named in the description.

    Raises
    ------
    FileProblem, CorruptFile
        If a file is missing or does not hold what it must.
    UnsupportedFormat
        If it is a cascaded configuration, or of a network that is not known.
    InvalidSetting
        If packages that this needs are not installed.
    """
    _require_packages()
    plans, dataset = _json(folder / "plans.json"), _json(folder / "dataset.json")
    name = folder.name.rpartition("__")[2]
    if name not in _CONFIGURATIONS:
        raise UnsupportedFormat(
            f"The configuration '{name}' is not read, {' and '.join(_CONFIGURATIONS)} are.",
            path=folder,
            cure="The folder's name must end in it, as nnU-Net names it.",
        )
    try:
        configuration = _whole(plans["configurations"], name)
        if configuration.get("previous_stage"):
            raise UnsupportedFormat(
                "The second stage of a cascade is not read.", path=folder, cure="Take 3d_fullres."
            )
        description = _description(folder, plans, dataset, configuration)
        classes = len(description["labels"]) + (description["activation"] == "softmax")
        network = _network(configuration, len(description["inputs"]), classes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptFile(
            f"The plans do not say what they must ({type(error).__name__}: {error}).", path=folder
        ) from error
    is_flat = name == "2d"
    patch = ((1,) if is_flat else ()) + tuple(configuration["patch_size"])
    paths = []
    for number, checkpoint in enumerate(_checkpoints(folder, fold)):
        parts = weights_only(network, checkpoint, "network_weights")
        paths.append(out / f"network{f'-{number}' if number else ''}.onnx")
        shown = _slicewise(network) if is_flat else network
        export_to_onnx(shown, (len(description["inputs"]), *patch), paths[-1])
        axes = parts.get("inference_allowed_mirroring_axes") or ()
        description["mirrors"] = _mirrors(description["axes"], axes, is_flat=is_flat)
    description["members"] = [path.name for path in paths[1:]]
    if len(paths) > 1:
        description["limits"] = [_LIMITS.replace("One fold", f"{len(paths)} folds")]
    paths[0].with_suffix(".json").write_text(json.dumps(description, indent=1), encoding="utf-8")
    return paths[0]


def _mirrors(axes: str, mirrored: Sequence[int], *, is_flat: bool) -> bool:
    """Tell whether left and right were exchanged in training, so that a mirrored look makes sense."""
    across = next(place for place, letter in enumerate(axes) if letter in "LR")
    return (across - is_flat) in [int(axis) for axis in mirrored]


# -------------------------------------------------------------------- what the files say


def _description(
    folder: Path, plans: Mapping[str, Any], dataset: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    channels = list((dataset.get("channel_names") or dataset["modality"]).values())
    roles = [_ROLES.get(re.sub(r"[^a-z0-9]", "", str(c).lower()), str(c).lower()) for c in channels]
    order = [int(axis) for axis in plans["transpose_forward"]]
    base = _REORIENTED if "Reorient" in str(dataset.get("overwrite_image_reader_writer")) else _PLANES
    spacing, window = [0.0] * 3, [1] * 3
    n_flat = len(order) - len(configuration["patch_size"])  # 1 of a 2D network: slices stay as they are
    for place, axis in enumerate(order[n_flat:]):
        spacing[axis] = float(configuration["spacing"][place])
        window[axis] = int(configuration["patch_size"][place])
    labels = _labels(folder, dataset)
    return {
        "version": 1,
        "name": re.sub(r"[^a-z0-9._-]+", "-", str(plans["dataset_name"]).lower()).strip("-._"),
        "title": f"nnU-Net {plans['dataset_name']}",
        "inputs": [
            {"role": role, "modality": "CT" if role == "ct" else "US" if role == "us" else "MR"}
            for role in roles
        ],
        "spacing_zyx_mm": spacing,
        "window_zyx": window,
        "axes": "".join(base[axis] for axis in order),
        "normalisation": _normalisation(folder, plans, configuration),
        "activation": "regions" if "regions_class_order" in dataset else "softmax",
        "labels": {str(value): labels[value] for value in sorted(labels)},
        "licence": str(dataset.get("licence") or dataset.get("license") or "not stated"),
        "training_data": f"{plans['dataset_name']}, cases: {dataset.get('numTraining', 'unknown')}",
        "citation": "Isensee et al., Nature Methods 2021 (nnU-Net)",
        "limits": [_LIMITS],
        "memory_mb": _MEMORY_MB,
    }


def _labels(folder: Path, dataset: Mapping[str, Any]) -> dict[int, str]:
    """Return names by value; of regions in the order in which they are laid over each other."""
    if "regions_class_order" not in dataset:
        return {int(value): label for label, value in dataset["labels"].items() if int(value) > 0}
    order = [int(value) for value in dataset["regions_class_order"]]
    regions = [name for name, parts in dataset["labels"].items() if parts not in (0, [0], (0,))]
    if order != list(range(1, len(regions) + 1)):
        raise UnsupportedFormat(
            f"{len(regions)} regions laid over each other in the order {order} are not read.",
            path=folder,
            cure="Read are those numbered 1, 2, ... in the order of the labels.",
        )
    return {value: str(name) for value, name in zip(order, regions, strict=True)}


def _normalisation(
    folder: Path, plans: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    schemes, masks = configuration["normalization_schemes"], configuration["use_mask_for_norm"]
    if len({*schemes}) != 1 or len({*masks}) != 1:
        raise UnsupportedFormat("Its channels are normalised in different ways.", path=folder)
    if schemes[0] == "ZScoreNormalization":
        return {"kind": "nonzero" if masks[0] else "whole"}
    if schemes[0] == "CTNormalization" and len(schemes) == 1:
        found = plans["foreground_intensity_properties_per_channel"]["0"]
        return {
            "kind": "fixed",
            "low": found["percentile_00_5"],
            "high": found["percentile_99_5"],
            "mean": found["mean"],
            "deviation": max(float(found["std"]), 1e-8),
        }
    raise UnsupportedFormat(f"Its normalisation '{schemes[0]}' is not known.", path=folder)


def _whole(configurations: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a configuration with what it inherits from others."""
    found = dict(configurations[name])
    if "inherits_from" in found:
        return {**_whole(configurations, found["inherits_from"]), **found}
    return found


# -------------------------------------------------------------------- the network


def _network(configuration: Mapping[str, Any], n_inputs: int, n_classes: int) -> Any:
    """Build the network that a configuration describes, in the old form of nnunetv2 or the new one."""
    from dynamic_network_architectures.architectures import unet
    from torch import nn

    n = len(configuration["patch_size"])
    if n not in (2, 3):
        raise ValueError(f"a patch of {n} axes")
    if "architecture" in configuration:
        kind = configuration["architecture"]["network_class_name"].rpartition(".")[2]
        given = configuration["architecture"]["arch_kwargs"]
        classes = [str(given.get(k)) for k in ("conv_op", "norm_op", "nonlin", "dropout_op")]
        kinds = [c.rpartition(".")[2] for c in classes]
        if kinds != [f"Conv{n}d", f"InstanceNorm{n}d", "LeakyReLU", "None"]:
            raise UnsupportedFormat(f"A network of {', '.join(classes)} is not known.")
        depths = given.get(_NETWORKS.get(kind, ""))
        features, kernels, strides = (
            given[k] for k in ("features_per_stage", "kernel_sizes", "strides")
        )
        decoder = given["n_conv_per_stage_decoder"]
    else:
        kind, depths = configuration["UNet_class_name"], configuration["n_conv_per_stage_encoder"]
        base, most = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
        features = [min(base * 2**stage, most) for stage in range(len(depths))]
        kernels, strides = configuration["conv_kernel_sizes"], configuration["pool_op_kernel_sizes"]
        decoder = configuration["n_conv_per_stage_decoder"]
    if kind not in _NETWORKS:
        raise UnsupportedFormat(f"The network '{kind}' is not known, {', '.join(_NETWORKS)} are.")
    return getattr(unet, kind)(
        input_channels=n_inputs,
        num_classes=n_classes,
        n_stages=len(features),
        features_per_stage=features,
        conv_op=nn.Conv2d if n == 2 else nn.Conv3d,
        kernel_sizes=kernels,
        strides=strides,
        n_conv_per_stage_decoder=decoder,
        conv_bias=True,
        norm_op=nn.InstanceNorm2d if n == 2 else nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
        **{_NETWORKS[kind]: depths},
    )


def _slicewise(network: Any) -> Any:
    """Let a network of single slices take windows of one slice, (n, channels, 1, y, x)."""
    from torch import Tensor, nn

    class Slicewise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.flat = network

        def forward(self, window: Tensor) -> Tensor:
            logits: Tensor = self.flat(window[:, :, 0])
            return logits[:, :, None]

    return Slicewise()


# -------------------------------------------------------------------- files


def _checkpoints(folder: Path, fold: str) -> tuple[Path, ...]:
    """Return one checkpoint, or those of several folds."""
    if fold == "each":
        names = [p.name.removeprefix("fold_") for p in sorted(folder.glob("fold_[0-9]*")) if p.is_dir()]
        fold = ",".join(names)
    return tuple(_checkpoint(folder, name.strip()) for name in fold.split(","))


def _checkpoint(folder: Path, fold: str) -> Path:
    folds = sorted(path for path in folder.glob("fold_*") if path.is_dir())
    wanted = [path for path in folds if path.name == f"fold_{fold or 'all'}"]
    chosen = wanted or ([] if fold else folds)
    for place in chosen:
        for name in ("checkpoint_final.pth", "checkpoint_best.pth"):
            if (place / name).is_file() and not (place / name).is_symlink():
                return place / name
    told = ", ".join(path.name for path in folds) or "none"
    raise FileProblem(f"There is no checkpoint of fold '{fold or 'any'}'; folds: {told}.", path=folder)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"It cannot be read ({error}).", path=path) from error
    except ValueError as error:
        raise CorruptFile(f"This is no JSON: {error}.", path=path) from error
    if not isinstance(content, dict):
        raise CorruptFile("A JSON object is expected.", path=path)
    return content


def _require_packages() -> None:
    needed = ("torch", "onnx", "dynamic_network_architectures")
    missing = [module.replace("_", "-") for module in needed if find_spec(module) is None]
    if missing:
        raise InvalidSetting(
            f"To read an nnU-Net folder, {', '.join(missing)} must be installed.",
            cure='Once, with a network: pip install "napari-medassist[nnunet]".',
        )
