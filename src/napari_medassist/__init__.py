"""napari-medassist: annotate and evaluate medical images, geometry-true, in napari.

The names below are imported on first use, so that importing the package (which napari does at every
start) costs nothing.

Examples
--------
>>> import napari_medassist as ma
>>> sorted(ma.__all__)[:3]
['Case', 'CaseEvaluation', 'Geometry']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_medassist.app.cohort.manifest import read_manifest
    from napari_medassist.app.cohort.pairing import pair_files
    from napari_medassist.app.cohort.reopen import load_results
    from napari_medassist.app.cohort.run import evaluate_cohort
    from napari_medassist.core.case import Case
    from napari_medassist.core.errors import MedAssistError
    from napari_medassist.core.geometry import Geometry
    from napari_medassist.core.labels import LabelMap, LabelScheme
    from napari_medassist.core.results import CaseEvaluation
    from napari_medassist.core.video import VideoClip
    from napari_medassist.core.volume import Volume
    from napari_medassist.evaluation.case import evaluate
    from napari_medassist.io.files import read, read_labels, read_volume, write
    from napari_medassist.io.label_scheme import read_label_scheme

__version__ = "0.1.0.dev0"

_HOME = {
    "Case": "core.case",
    "CaseEvaluation": "core.results",
    "Geometry": "core.geometry",
    "LabelMap": "core.labels",
    "LabelScheme": "core.labels",
    "MedAssistError": "core.errors",
    "VideoClip": "core.video",
    "Volume": "core.volume",
    "evaluate": "evaluation.case",
    "evaluate_cohort": "app.cohort.run",
    "load_results": "app.cohort.reopen",
    "pair_files": "app.cohort.pairing",
    "read": "io.files",
    "read_label_scheme": "io.label_scheme",
    "read_labels": "io.files",
    "read_manifest": "app.cohort.manifest",
    "read_volume": "io.files",
    "write": "io.files",
}

__all__ = [
    "Case",
    "CaseEvaluation",
    "Geometry",
    "LabelMap",
    "LabelScheme",
    "MedAssistError",
    "VideoClip",
    "Volume",
    "evaluate",
    "evaluate_cohort",
    "load_results",
    "pair_files",
    "read",
    "read_label_scheme",
    "read_labels",
    "read_manifest",
    "read_volume",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'napari_medassist' has no attribute '{name}'")
    return getattr(importlib.import_module(f"napari_medassist.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
