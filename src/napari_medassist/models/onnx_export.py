"""Networks of others in PyTorch: weights read as data, and written as ONNX."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.core.errors import CorruptFile


def weights_only(network: Any, path: Path, entry: str = "") -> dict[str, Any]:
    """Load a checkpoint into a network, and return what else it holds; nothing in it is run.

    Parameters
    ----------
    network
        The network, changed in place.
    path
        A file of ``torch.save``.
    entry
        Under which name the weights lie in it; the whole file by default.

    Raises
    ------
    CorruptFile
        If it holds more than tensors and numbers, is torn, or belongs to another network.
    """
    import torch

    # A checkpoint's log holds numpy's numbers: data, as tensors are.
    numbers = [np.dtype, np._core.multiarray.scalar]  # type: ignore[attr-defined]
    numbers += [type(np.dtype(name)) for name in ("float64", "float32", "int64")]
    try:
        with torch.serialization.safe_globals(numbers):
            parts = torch.load(path, map_location="cpu", weights_only=True)
        weights = parts[entry] if entry else parts
        network.load_state_dict({k.removeprefix("module."): v for k, v in weights.items()})
    except Exception as error:  # of many kinds: a pickle that wants more, a torn file, other shapes
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CorruptFile(f"The checkpoint does not hold this network: {why}", path=path) from error
    return dict(parts)


def export_to_onnx(network: Any, shape: tuple[int, ...], path: Path) -> None:
    """Write a network as ONNX for one shape of input, (channels, ...)."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this way of exporting needs no further package, and is old
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, *shape),),
            path,
            input_names=["image"],
            output_names=["logits"],
            dynamo=False,
        )
