"""Networks run by OpenVINO, the fastest on the processors of hospital laptops."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.core.errors import CorruptFile
from napari_medassist.models.backends.base import Float32, Tick, default_threads

_TICK_MS = 100


class OpenVinoBackend:
    """A network in an ONNX file, compiled for this processor.

    Parameters
    ----------
    path
        The file; its hash must have been checked.
    n_threads
        Threads; all processors by default.

    Raises
    ------
    CorruptFile
        If it is no network that OpenVINO knows.
    """

    def __init__(self, path: Path, n_threads: int | None = None) -> None:
        import openvino

        self._version = openvino.__version__.split("-")[0]
        core = openvino.Core()
        try:
            network = core.read_model(path)
            settings: dict[str, Any] = {
                "PERFORMANCE_HINT": "LATENCY",
                # Not bfloat16 by itself: results must not depend on the processor.
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": n_threads or default_threads(),
            }
            self._request = core.compile_model(network, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1]
            raise CorruptFile(f"OpenVINO cannot run this network: {why}", path=path) from error

    @property
    def name(self) -> str:
        """What runs the network, with its version."""
        return f"OpenVINO {self._version}"

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return logits; see :class:`~napari_medassist.models.backends.base.Backend`."""
        request = self._request
        request.set_input_tensor(_tensor(window))
        request.start_async()
        try:
            while not request.wait_for(_TICK_MS):
                tick()
        except BaseException:
            request.cancel()
            with suppress(RuntimeError):  # it says that it was cancelled
                request.wait()
            raise
        return np.array(request.get_output_tensor(0).data, dtype=np.float32)


def _tensor(window: Float32) -> Any:
    import openvino

    return openvino.Tensor(np.ascontiguousarray(window, dtype=np.float32))
