"""`diffusion-to-t2w`: displacements that bring high b-value or ADC to T2w, from simulated pairs."""

from __future__ import annotations

from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import (
    Decision,
    Expected,
    Measured,
    ModelCard,
    ModelInput,
    Network,
    Normalisation,
    Sampling,
    Task,
    WeightFile,
)

#: What the network sees about the middle of the prostate: 72 x 112 x 112 mm.
WINDOW_ZYX, WINDOW_SPACING_ZYX_MM = (24, 56, 56), (3.0, 2.0, 2.0)

_ONNX_SHA256 = ""
_TENSORS_SHA256 = ""

CARD = ModelCard(
    name="diffusion-to-t2w",
    version="0.1",
    title="Prostate: high b-value or ADC brought to T2w",
    task=Task.ALIGNMENT,
    inputs=(ModelInput("t2w", Modality.MR), ModelInput("high-b or adc", Modality.MR)),
    scheme=LabelScheme(),
    network=Network(
        sampling=Sampling(spacing_zyx_mm=WINDOW_SPACING_ZYX_MM, window_zyx=WINDOW_ZYX),
        normalisation=Normalisation.ROBUST,
        decision=Decision(),
        weights=(
            WeightFile("diffusion-to-t2w.onnx", _ONNX_SHA256),
            WeightFile("diffusion-to-t2w.safetensors", _TENSORS_SHA256),
        ),
        memory_mb=200,
        architecture="diffusion-to-t2w",
    ),
    method="LocalNet of 3.0 million weights",
    expected=Expected((5.0, 2.5, 2.5), 80.0, (0.0, 0.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data="",
    citation="",
    quality=(Measured("", "", ""),),
    cost=(),
    intended_use="",
    limits=(),
)
