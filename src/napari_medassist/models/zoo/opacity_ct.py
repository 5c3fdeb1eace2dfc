"""`opacity-ct`: ground glass and consolidation in the lungs on CT, trained on simulated opacities."""

from __future__ import annotations

from napari_medassist.core.labels import Code, Label, LabelScheme
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
    WeightFile,
)
from napari_medassist.models.normalise import FixedScale

_ONNX_SHA256 = "0" * 64
_TENSORS_SHA256 = "0" * 64

_GROUND_GLASS = Code("DCM", "112120", "Ground glass opacity")
#: The standard's dictionary has no code for consolidation; the name tells it.
_OPACITY = Code("DCM", "112001", "Opacity")

CARD = ModelCard(
    name="opacity-ct",
    version="0.1",
    title="Ground glass and consolidation in the lungs on CT",
    inputs=(ModelInput("ct", Modality.CT),),
    scheme=LabelScheme(
        (
            Label(1, "Ground glass", (240, 228, 66), _GROUND_GLASS),
            Label(2, "Consolidation", (213, 94, 0), _OPACITY),
        )
    ),
    network=Network(
        sampling=Sampling(spacing_zyx_mm=(3.0, 2.0, 2.0), window_zyx=(20, 112, 112)),
        normalisation=Normalisation.FIXED,
        fixed_scale=FixedScale(low=-1000.0, high=200.0, mean=-500.0, deviation=350.0),
        decision=Decision(keeps_largest=False),
        weights=(
            WeightFile("opacity-ct.onnx", _ONNX_SHA256),
            WeightFile("opacity-ct.safetensors", _TENSORS_SHA256),
        ),
        memory_mb=400,
        slides=True,
        mirrors=True,
        architecture="opacity-ct",
    ),
    method="anisotropic U-Net of 2.2 million weights, in windows that slide over the body",
    expected=Expected((8.0, 3.0, 3.0), 150.0, (0.0, 6000.0)),
    licence="Apache-2.0 (weights)",
    training_data="simulated opacities in simulated chests and in half of one real chest",
    citation="napari-medassist",
    quality=(Measured("-", "-", "-"),),
    cost=(Measured("-", "-", "-"),),
    intended_use="Research. Opacities for measuring their share, to be corrected by a reader.",
    limits=("Trained on simulated opacities only: how often it is right on patients is not known.",),
)
