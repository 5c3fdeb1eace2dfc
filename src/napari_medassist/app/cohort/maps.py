"""Predictions read as what they are said to hold, with the file and the cure where they do not."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import DetectionMap, ProbabilityMap
from napari_medassist.evaluation.extraction.candidates import MapKind
from napari_medassist.io.files import read_volume

_CURES: dict[MapKind, str] = {
    "probability": "Save probabilities from 0 to 1 as floating point numbers, or compare the file as "
    "labels (--kind labels).",
    "detection": "Save confidences from 0 to 1 as floating point numbers, one value a lesion.",
}


def read_map(path: Path, kind: MapKind) -> ProbabilityMap | DetectionMap:
    """Read a predicted map.

    Parameters
    ----------
    path
        One file.
    kind
        What it holds.

    Raises
    ------
    InvalidImage
        If its values are not floating point, not finite, or leave 0..1.
    FileProblem
        If it cannot be read.
    """
    volume = read_volume(path)
    made = ProbabilityMap if kind == "probability" else DetectionMap
    try:
        return made(
            array=volume.array, geometry=volume.geometry, source=volume.source, name=volume.name
        )
    except InvalidImage as error:
        raise InvalidImage(error.message, path=path, cure=_CURES[kind]) from error
