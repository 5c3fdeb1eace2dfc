"""Reading for napari: paths in, layer tuples out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_medassist.app.layer_data import LayerData, case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.progress import Progress, silent
from napari_medassist.io.files import is_readable, read


def can_read(path: str | Path) -> bool:
    """Tell quickly whether a file or folder holds medical images."""
    return is_readable(path)


def layers_at(
    path: str | Path,
    progress: Progress = silent,
    layers_of: Callable[[Case], list[LayerData]] = case_layers,
) -> list[LayerData]:
    """Read a file or folder as a case and return its layers.

    Parameters
    ----------
    path
        What to read.
    progress
        Told how far it has come; may raise ``Cancelled``.
    layers_of
        Makes the layers of the case, e.g. in the frame of one that is open already.
    """
    return layers_of(read(path, progress=progress))
