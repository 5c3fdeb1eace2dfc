"""Networks run by ONNX Runtime."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.core.errors import CorruptFile
from napari_medassist.models.backends.base import Float32, Tick, default_threads

_TICK_S = 0.1


class OnnxRuntimeBackend:
    """A network in an ONNX file.

    Parameters
    ----------
    path
        The file; its hash must have been checked.
    n_threads
        Threads; all processors by default.

    Raises
    ------
    CorruptFile
        If it is no network that ONNX Runtime knows.
    """

    def __init__(self, path: Path, n_threads: int | None = None) -> None:
        import onnxruntime

        self._library = onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads or default_threads()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no common base
            why = str(error).strip().splitlines()[-1]
            raise CorruptFile(f"ONNX Runtime cannot run this network: {why}", path=path) from error
        self._input = self._session.get_inputs()[0].name

    @property
    def name(self) -> str:
        """What runs the network, with its version."""
        return f"ONNX Runtime {self._library.__version__}"

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return logits; see :class:`~napari_medassist.models.backends.base.Backend`."""
        options = self._library.RunOptions()
        found: list[Any] = []
        failed: list[Exception] = []

        def work() -> None:
            try:
                inputs = {self._input: np.ascontiguousarray(window, dtype=np.float32)}
                found.append(self._session.run(None, inputs, options)[0])
            except Exception as error:  # noqa: BLE001 - passed on in the caller's thread
                failed.append(error)

        thread = threading.Thread(target=work, name="onnxruntime", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_TICK_S)
                tick()
        except BaseException:
            options.terminate = True
            thread.join()
            raise
        if failed:
            raise failed[0]
        return np.asarray(found[0], dtype=np.float32)
