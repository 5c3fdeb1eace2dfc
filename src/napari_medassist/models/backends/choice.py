"""Which backend runs a model here."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.models.backends.base import Backend
from napari_medassist.models.backends.ensemble import Ensemble
from napari_medassist.models.backends.onnx_runtime import OnnxRuntimeBackend
from napari_medassist.models.backends.openvino import OpenVinoBackend
from napari_medassist.models.backends.pytorch import PyTorchBackend, TorchScriptBackend
from napari_medassist.models.card import ModelCard, WeightFile
from napari_medassist.models.places import weights_path

#: In the order in which they are tried: name, module, format of the weights.
_KNOWN = (
    ("openvino", "openvino", ".onnx"),
    ("onnxruntime", "onnxruntime", ".onnx"),
    ("torch", "torch", ".safetensors"),
    ("torchscript", "torch", ".pt"),
)
NAMES = tuple(name for name, _, _ in _KNOWN)


def available(card: ModelCard) -> tuple[str, ...]:
    """Return the names of the backends that are installed and have weights of a model."""
    return tuple(
        name
        for name, module, suffix in _KNOWN
        if find_spec(module) is not None and _files(card, suffix)
    )


def load(card: ModelCard, wanted: str = "", n_threads: int | None = None) -> Backend:
    """Check a model's weights and make it ready to run.

    Parameters
    ----------
    card
        The model.
    wanted
        Name of a backend; the first that is there by default.
    n_threads
        Threads; all processors by default.

    Raises
    ------
    InvalidSetting
        If the backend is not known, not installed, or has no weights of this model.
    FileProblem, CorruptFile
        If the weights are not there, or not the expected ones.
    """
    found = available(card)
    if wanted and wanted not in NAMES:
        raise InvalidSetting(f"'{wanted}' is no backend.", cure=f"Choose one of {', '.join(NAMES)}.")
    name = wanted or next(iter(found), "")
    if name not in found:
        raise InvalidSetting(
            f"'{card.name}' cannot be run by {name or 'what is installed here'}.",
            cure=f"Choose one of {', '.join(found)}." if found else "Install openvino.",
        )
    suffix = next(s for n, _, s in _KNOWN if n == name)
    make: dict[str, Callable[[Path], Backend]] = {
        "openvino": lambda p: OpenVinoBackend(p, n_threads),
        "onnxruntime": lambda p: OnnxRuntimeBackend(p, n_threads),
        "torch": lambda p: PyTorchBackend(p, _architecture(card), n_threads),
        "torchscript": lambda p: TorchScriptBackend(p, n_threads),
    }
    members = [make[name](weights_path(card, file)) for file in _files(card, suffix)]
    return members[0] if len(members) == 1 else Ensemble(members)


def _architecture(card: ModelCard) -> str:
    return "" if card.network is None else card.network.architecture


def _files(card: ModelCard, suffix: str) -> tuple[WeightFile, ...]:
    return () if card.network is None else card.network.weight_files(suffix)
