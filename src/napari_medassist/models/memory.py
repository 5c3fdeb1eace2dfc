"""How much memory a run needs, told before it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.models.card import Activation, ModelCard
from napari_medassist.models.grids import covering_shape

_MB = 1_000_000
#: Bytes a voxel of the image: masks and distances on it, where there is no network.
_CLASSICAL_BYTES = 40


def needed_memory_mb(card: ModelCard, image: Geometry) -> float:
    """Return the memory that a model needs on an image at most, beside the image itself.

    Parameters
    ----------
    card
        The model.
    image
        Grid of its first image.
    """
    n_voxels = float(np.prod(image.shape_zyx, dtype=float))
    network = card.network
    if network is None:
        return n_voxels * _CLASSICAL_BYTES / _MB
    sampling = network.sampling.on(image.spacing_zyx_mm)
    shape = covering_shape(image, sampling.spacing_zyx_mm, sampling.window_zyx)
    has_background = network.decision.activation is Activation.SOFTMAX
    classes = len(card.scheme.labels) + has_background
    channels = len(card.inputs) + (3 if network.has_positions else 0)
    # Inputs, blended logits, one more copy of these, and probabilities, all float32.
    on_model_grid = float(np.prod(shape, dtype=float)) * 4 * (channels + 3 * classes)
    return network.memory_mb + (on_model_grid + n_voxels * 4 * 3) / _MB


def free_memory_mb() -> float | None:
    """Return the memory that programs may still take; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), "")
    parts = found.split()
    return float(parts[1]) * 1024 / _MB if len(parts) >= 2 else None
