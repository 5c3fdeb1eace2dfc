"""The JSON file beside a user's own network that says how it is fed and read, checked by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import (
    Activation,
    Decision,
    Expected,
    ModelCard,
    ModelInput,
    Network,
    Normalisation,
    Sampling,
    Task,
    WeightFile,
)
from napari_medassist.models.normalise import FixedScale

_CURE = "See the guide 'Use your own model' for what the file must say."
_KINDS = {
    "robust": Normalisation.ROBUST,
    "nonzero": Normalisation.NONZERO,
    "whole": Normalisation.WHOLE,
    "fixed": Normalisation.FIXED,
}
_ACTIVATIONS = {
    "softmax": Activation.SOFTMAX,
    "sigmoid": Activation.SIGMOID,
    "regions": Activation.REGIONS,
}
Millimetres = Annotated[float, Field(ge=0, le=100)]
Voxels = Annotated[int, Field(gt=0, le=1024)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Input(_Strict):
    role: str = Field(min_length=1)
    modality: Modality
    optional: bool = False


class _Scaling(_Strict):
    kind: Literal["robust", "nonzero", "whole", "fixed"]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        values = (self.low, self.high, self.mean, self.deviation)
        if self.kind == "fixed" and None in values:
            raise ValueError("fixed needs low, high, mean and deviation")
        return self


class Sidecar(_Strict):
    """What the JSON file says; fields are explained in the guide."""

    version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    model_version: str = "1.0"
    title: str = Field(min_length=1)
    task: Literal["segmentation", "detection"] = "segmentation"
    inputs: list[_Input] = Field(min_length=1)
    spacing_zyx_mm: tuple[Millimetres, Millimetres, Millimetres]
    window_zyx: tuple[Voxels, Voxels, Voxels]
    axes: str = "SPL"
    normalisation: _Scaling
    activation: Literal["softmax", "sigmoid", "regions"]
    threshold: float = Field(0.5, gt=0, lt=1)
    keeps_largest: bool = False
    slides: bool = True
    mirrors: bool = False
    labels: dict[int, str] = Field(min_length=1)
    members: list[str] = Field(default_factory=list)
    licence: str = Field(min_length=1)
    training_data: str = "not stated"
    citation: str = "not stated"
    intended_use: str = "Research."
    limits: list[str] = Field(default_factory=list)
    memory_mb: int = Field(2000, gt=0)
    plausible_ml: tuple[float, float] = (0.0, 100_000.0)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        AxisOrder.toward(self.axes)
        values = sorted(self.labels)
        if values != list(range(1, len(values) + 1)) or values[-1] > 255:
            raise ValueError("labels must be numbered 1, 2, ... (0 is the background)")
        for step, n in zip(self.spacing_zyx_mm, self.window_zyx, strict=True):
            if not step and n != 1:
                raise ValueError("a spacing of 0 (as the image) needs a window of 1 along that axis")
        if any(Path(name).name != name for name in self.members):
            raise ValueError("members are names of files beside the first")
        if self.activation == "sigmoid" and len(values) != 1:
            raise ValueError("a sigmoid has one label")
        if self.task == "detection" and len(values) != 1:
            raise ValueError("a model that looks for lesions has one label")
        return self


def read_sidecar(path: Path) -> Sidecar:
    """Read and check a sidecar.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no JSON, a field is missing, unknown or out of its range; the message names each.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"The model's description cannot be read ({error}).", path=path) from error
    except ValueError as error:
        raise CorruptFile(f"This is no JSON: {error}.", path=path, cure=_CURE) from error
    try:
        return Sidecar.model_validate(content)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['msg']}"
            for problem in error.errors()
        )
        message = f"The model's description is wrong: {told}."
        raise CorruptFile(message, path=path, cure=_CURE) from error


def card_of(sidecar: Sidecar, weights: tuple[WeightFile, ...]) -> ModelCard:
    """Return the card of a user's model."""
    scaling = sidecar.normalisation
    fixed = None
    if scaling.kind == "fixed":
        values = (scaling.low, scaling.high, scaling.mean, scaling.deviation)
        fixed = FixedScale(*(float(value or 0.0) for value in values))
    return ModelCard(
        name=sidecar.name,
        version=sidecar.model_version,
        title=sidecar.title,
        inputs=tuple(ModelInput(w.role, w.modality, w.optional) for w in sidecar.inputs),
        task=Task.DETECTION if sidecar.task == "detection" else Task.SEGMENTATION,
        scheme=LabelScheme.from_names(sidecar.labels),
        network=Network(
            sampling=Sampling(sidecar.spacing_zyx_mm, sidecar.window_zyx, sidecar.axes),
            normalisation=_KINDS[scaling.kind],
            decision=Decision(
                _ACTIVATIONS[sidecar.activation], sidecar.threshold, keeps_largest=sidecar.keeps_largest
            ),
            weights=weights,
            memory_mb=sidecar.memory_mb,
            fixed_scale=fixed,
            slides=sidecar.slides,
            mirrors=sidecar.mirrors,
        ),
        method="a network that you have added",
        expected=Expected((100.0, 100.0, 100.0), 0.0, sidecar.plausible_ml),
        licence=sidecar.licence,
        training_data=sidecar.training_data,
        citation=sidecar.citation,
        quality=(),
        cost=(),
        intended_use=sidecar.intended_use,
        limits=tuple(sidecar.limits),
    )
