"""Networks run by PyTorch: on a graphics card, or where nothing else is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_medassist.core.errors import CorruptFile
from napari_medassist.models.backends.base import Float32, Tick, default_threads
from napari_medassist.models.networks.known import BUILDERS

if TYPE_CHECKING:
    from torch import nn


def network_of(path: Path, network: str) -> nn.Module:
    """Return one of our own networks with weights from a safetensors file.

    Parameters
    ----------
    path
        The file; its hash must have been checked.
    network
        Name of the network, see ``models.networks.known``.

    Raises
    ------
    CorruptFile
        If the weights are not those of the network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    net = BUILDERS[network]()
    try:
        net.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except (SafetensorError, RuntimeError) as error:
        why = str(error).strip().splitlines()[0]
        raise CorruptFile(f"These are not weights of {network}: {why}", path=path) from error
    return net


class PyTorchBackend:
    """One of our own networks, with weights from a safetensors file.

    Parameters
    ----------
    path
        The file; its hash must have been checked.
    network
        Name of the network, see ``models.networks.known``.
    n_threads
        Threads; all processors by default.

    Raises
    ------
    CorruptFile
        If the weights are not those of the network.
    """

    def __init__(self, path: Path, network: str, n_threads: int | None = None) -> None:
        import torch

        self._device = best_device()
        torch.set_num_threads(n_threads or default_threads())
        self._net = network_of(path, network).eval().to(self._device)

    @classmethod
    def of(cls, net: nn.Module, device: str = "cpu") -> Self:
        """Run a network that is in memory, on the device where it is."""
        backend = cls.__new__(cls)
        backend._device, backend._net = device, net.eval()
        return backend

    @property
    def name(self) -> str:
        """What runs the network, with its version."""
        import torch

        return f"PyTorch {torch.__version__} ({self._device})"

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return logits; it cannot be stopped while the network runs."""
        import torch

        tick()
        with torch.inference_mode():
            logits = self._net(torch.from_numpy(np.ascontiguousarray(window)).to(self._device))
        tick()
        return np.asarray(logits.float().cpu().numpy(), dtype=np.float32)


class TorchScriptBackend:
    """A network in a TorchScript file of the user's.

    Parameters
    ----------
    path
        The file; its hash must have been checked.
    n_threads
        Threads; all processors by default.

    Raises
    ------
    CorruptFile
        If it is no TorchScript file.
    """

    def __init__(self, path: Path, n_threads: int | None = None) -> None:
        import torch

        self._device = best_device()
        torch.set_num_threads(n_threads or default_threads())
        try:
            net = torch.jit.load(str(path), map_location=self._device)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            why = str(error).strip().splitlines()[0]
            raise CorruptFile(f"This is no TorchScript file: {why}", path=path) from error
        self._net = net.eval()

    @property
    def name(self) -> str:
        """What runs the network, with its version."""
        import torch

        return f"PyTorch {torch.__version__} ({self._device}), TorchScript"

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return logits; it cannot be stopped while the network runs."""
        import torch

        tick()
        with torch.inference_mode():
            found = self._net(torch.from_numpy(np.ascontiguousarray(window)).to(self._device))
        tick()
        logits = found[0] if isinstance(found, (tuple, list)) else found
        return np.asarray(logits.float().cpu().numpy(), dtype=np.float32)


def best_device() -> str:
    """Return PyTorch's name of the fastest device here: a graphics card, or the processor."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
