"""MONAI bundles: read as data, and written as a network with its description.

A bundle's configuration can name any Python object; none is made and no expression is evaluated unless
the bundle is trusted by its hash (:mod:`~napari_medassist.models.bundle_code`). Its steps are looked
up in a list of those that are understood; a bundle with any other is refused. The format is that of
MONAI's bundle specification, version 1.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting, UnsupportedFormat
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.models.bundle_code import TrustedCode, must_be_trusted, require_trusted
from napari_medassist.models.onnx_export import export_to_onnx, weights_only

_CONFIGURATIONS = ("inference.json", "inference.yaml", "inference.yml")
#: Steps that change nothing of what a network sees here: reading, types, channels in front.
_HARMLESS = {
    "LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "EnsureType", "ToTensord", "CastToTyped",
    "AddChanneld", "AsDiscreted", "CropForegroundd",
}  # fmt: skip
#: Entries of a step that say nothing about what a network sees.
_NOT_READ = {"_target_", "keys", "mode", "meta_keys"}
_MEMORY_MB = 4000


def is_bundle(path: Path) -> bool:
    """Tell whether a folder looks like a MONAI bundle."""
    return (path / "configs" / "metadata.json").is_file()


def convert(folder: Path, out: Path, trusted_sha256: str = "") -> Path:
    """Write a bundle's network, as ``network.pt`` (TorchScript) or ``network.onnx``, and what it says.

    Parameters
    ----------
    folder
        With ``configs/metadata.json``, ``configs/inference.json`` (or YAML), and ``models/model.ts`` or
        ``models/model.pt``.
    out
        An existing, empty folder.
    trusted_sha256
        Hash of the bundle's files, if its code may run.

    Returns
    -------
    Path
        The network; a JSON file of the same name lies beside it.

    Raises
    ------
    FileProblem, CorruptFile
        If a file is missing or does not hold what it must.
    UnsupportedFormat
        If the bundle does something that is not understood, or would run code and is not trusted; the
        message names it.
    InvalidSetting
        If packages that this needs are not installed, or what is trusted are other files.
    """
    metadata = _read(folder / "configs" / "metadata.json")
    configuration_path = _configuration_path(folder)
    configuration, code = _read(configuration_path), None
    if trusted_sha256:
        require_trusted(folder, trusted_sha256)
        _require_monai()
        code = TrustedCode(folder, configuration_path)
    try:
        if code is not None:
            configuration = _evaluated(configuration, code)
        description = _description(folder, metadata, configuration)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CorruptFile(
            f"The bundle does not say what it must ({type(error).__name__}: {error}).", path=folder
        ) from error
    script, weights = folder / "models" / "model.ts", folder / "models" / "model.pt"
    if script.is_file() and not script.is_symlink():
        path = out / "network.pt"
        shutil.copyfile(script, path)
    elif weights.is_file() and not weights.is_symlink():
        network = _network(folder, configuration) if code is None else _trusted_network(folder, code)
        weights_only(network, weights)
        window = [description["window_zyx"][axis] for axis in AxisOrder.toward("RAS").axes]
        path = out / "network.onnx"
        export_to_onnx(network, (len(description["inputs"]), *window), path)
    else:
        raise FileProblem("There is neither models/model.ts nor models/model.pt.", path=folder)
    path.with_suffix(".json").write_text(json.dumps(description, indent=1), encoding="utf-8")
    return path


# -------------------------------------------------------------------- what the files say


def _description(
    folder: Path, metadata: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    steps = _steps(folder, configuration)
    kind = {name: entries for name, entries in steps if name not in _HARMLESS}
    unknown = set(kind) - {"Orientationd", "Spacingd", "NormalizeIntensityd", "ScaleIntensityRanged"}
    if unknown or len(kind) != len([name for name, _ in steps if name not in _HARMLESS]):
        told = ", ".join(sorted(unknown)) or "a step that comes twice"
        raise UnsupportedFormat(f"Its preparation is not understood: {told}.", path=folder)
    letters = str(kind.get("Orientationd", {}).get("axcodes", "RAS"))
    if letters != "RAS":
        raise UnsupportedFormat(f"Its axes are {letters}, RAS are read.", path=folder)
    order = AxisOrder.toward(letters).axes
    image = next(iter(metadata["network_data_format"]["inputs"].values()))
    found = next(iter(metadata["network_data_format"]["outputs"].values()))
    names = {int(value): str(name) for value, name in found["channel_def"].items()}
    spacing, window = [0.0] * 3, [0] * 3
    pixdim, size = kind["Spacingd"]["pixdim"], configuration["inferer"]["roi_size"]
    for place, axis in enumerate(order):
        spacing[axis], window[axis] = float(pixdim[place]), int(size[place])
    n_classes = int(found["num_channels"])
    labels = {v: n for v, n in names.items() if v > 0}
    channels = image.get("channel_def") or {}
    modality = str(image.get("modality", "")).upper()
    kind_of_image = "CT" if modality.startswith("CT") else "US" if modality == "US" else "MR"
    roles = [
        _role(str(channels.get(str(k), "")), kind_of_image) for k in range(int(image["num_channels"]))
    ]
    return {
        "version": 1,
        "name": _short(str(metadata.get("name", folder.name))),
        "model_version": str(metadata.get("version", "1.0")),
        "title": str(metadata.get("task") or metadata.get("name") or folder.name),
        "inputs": [{"role": role, "modality": kind_of_image} for role in roles],
        "spacing_zyx_mm": spacing,
        "window_zyx": window,
        "axes": letters,
        "normalisation": _normalisation(folder, kind, "CropForegroundd" in dict(steps)),
        "activation": "sigmoid" if n_classes == 1 else "softmax",
        "labels": {str(v): labels[v] for v in sorted(labels)} or {"1": str(names.get(0, "found"))},
        "licence": str(metadata.get("license") or metadata.get("copyright") or "not stated"),
        "training_data": str(metadata.get("data_source") or "not stated"),
        "citation": "; ".join(map(str, metadata.get("references") or [])) or "not stated",
        "intended_use": str(metadata.get("intended_use") or "Research."),
        "limits": ["What the bundle does after its network (its own steps) is not done here."],
        "memory_mb": _MEMORY_MB,
    }


def _steps(folder: Path, configuration: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the steps of preparation by name, with their plain entries."""
    steps = []
    for step in configuration["preprocessing"]["transforms"]:
        name = str(step["_target_"]).rpartition(".")[2]
        entries = {k: v for k, v in step.items() if k not in _NOT_READ}
        if name not in _HARMLESS:
            _require_plain(folder, entries)
        steps.append((name, entries))
    return steps


def _short(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")


def _normalisation(
    folder: Path,
    kind: Mapping[str, Mapping[str, Any]],
    is_cropped: bool,  # noqa: FBT001
) -> dict[str, Any]:
    if "NormalizeIntensityd" in kind and "ScaleIntensityRanged" not in kind:
        given = kind["NormalizeIntensityd"]
        if given.get("subtrahend") is not None or given.get("divisor") is not None:
            raise UnsupportedFormat("It normalises by numbers of its own.", path=folder)
        if is_cropped and not given.get("nonzero"):
            raise UnsupportedFormat("It normalises over what it has cut out.", path=folder)
        return {"kind": "nonzero" if given.get("nonzero") else "whole"}
    if "ScaleIntensityRanged" in kind and "NormalizeIntensityd" not in kind:
        given = kind["ScaleIntensityRanged"]
        low, high, first, last = (float(given[k]) for k in ("a_min", "a_max", "b_min", "b_max"))
        if not given.get("clip", False):
            raise UnsupportedFormat("It scales intensities without cutting them off.", path=folder)
        deviation = (high - low) / (last - first)
        mean = low - first * deviation
        return {"kind": "fixed", "low": low, "high": high, "mean": mean, "deviation": deviation}
    raise UnsupportedFormat("It normalises intensities in a way that is not understood.", path=folder)


def _role(channel: str, modality: str) -> str:
    word = re.sub(r"[^a-z0-9]", "", channel.lower())
    known = {"t2": "t2w", "t2w": "t2w", "adc": "adc", "hbv": "high-b", "dwi": "high-b"}
    return known.get(word, "ct" if modality == "CT" else "us" if modality == "US" else "t2w")


def _require_plain(folder: Path, value: Any) -> None:
    """Refuse expressions, references and objects within values that count."""
    if isinstance(value, str) and value[:1] in ("$", "@", "%"):
        raise must_be_trusted(folder, f"'{value}' would have to be evaluated.")
    if isinstance(value, Mapping):
        if "_target_" in value:
            raise must_be_trusted(folder, f"'{value['_target_']}' would have to be made.")
        for entry in value.values():
            _require_plain(folder, entry)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for entry in value:
            _require_plain(folder, entry)


# -------------------------------------------------------------------- the network


def _network(folder: Path, configuration: Mapping[str, Any]) -> Any:
    """Build one of MONAI's own networks, by its name and plain numbers."""
    _require_monai()
    given = dict(configuration.get("network_def") or {})
    target = str(given.pop("_target_", ""))
    if not re.fullmatch(r"(monai\.networks\.nets\.)?[A-Za-z0-9_]+", target):
        raise must_be_trusted(folder, f"'{target}' is no network of MONAI.")
    _require_plain(folder, given)
    from monai.networks import nets
    from torch import nn

    kind = getattr(nets, target.rpartition(".")[2], None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise must_be_trusted(folder, f"'{target}' is no network of MONAI.")
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise CorruptFile(f"{target} cannot be made: {error}.", path=folder) from error


def _trusted_network(folder: Path, code: TrustedCode) -> Any:
    """Let the bundle make its network."""
    from torch import nn

    network = code.made("network_def")
    if not isinstance(network, nn.Module):
        raise CorruptFile("Its network_def makes no network of PyTorch.", path=folder)
    return network


def _require_monai() -> None:
    if find_spec("monai") is None or find_spec("onnx") is None:
        raise InvalidSetting(
            "To read a bundle with weights, monai and onnx must be installed.",
            cure='Once, with a network: pip install "napari-medassist[monai]".',
        )


def _evaluated(configuration: Mapping[str, Any], code: TrustedCode) -> dict[str, Any]:
    """Return a configuration with those of its values evaluated that are read here."""
    found = dict(configuration)
    place = "preprocessing#transforms"
    steps = [
        {
            key: value if key in _NOT_READ else code.plain(f"{place}#{number}#{key}", value)
            for key, value in step.items()
        }
        for number, step in enumerate(configuration["preprocessing"]["transforms"])
    ]
    found["preprocessing"] = {"transforms": steps}
    size = configuration["inferer"]["roi_size"]
    found["inferer"] = {"roi_size": code.plain("inferer#roi_size", size)}
    return found


# -------------------------------------------------------------------- files


def _configuration_path(folder: Path) -> Path:
    for name in _CONFIGURATIONS:
        path = folder / "configs" / name
        if path.is_file():
            return path
    raise FileProblem(f"There is none of {', '.join(_CONFIGURATIONS)}.", path=folder / "configs")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"It cannot be read ({error}).", path=path) from error
    except yaml.YAMLError as error:
        raise CorruptFile(f"It is neither JSON nor YAML: {error}.", path=path) from error
    if not isinstance(content, dict):
        raise CorruptFile("Entries are expected.", path=path)
    return content
