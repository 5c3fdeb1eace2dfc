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

_ONNX_SHA256 = "1cbf8292421ad76e1cda1c26bf17e135d48536b02e3242647db3044daee2e630"
_TENSORS_SHA256 = "df42a628cdf318d30959f66ac8fc7885aa963168d9bf9bba5287c28441eac015"

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
    quality=(
        Measured(
            "Dice of opacities, ground glass, consolidation",
            "0.758 (95 % interval 0.696 to 0.816), 0.749, 0.640",
            "60 simulated chests like those that it learned from",
        ),
        Measured(
            "Dice of the same",
            "0.263 (0.186 to 0.350), 0.359, 0.136",
            "30 simulated opacities in lung bases of a real CT, the half that was held out",
        ),
        Measured(
            "Marked in lungs without simulated opacities",
            "94 ml in the median",
            "7 images of the same; whether these real lungs are clear nobody has said",
        ),
        Measured(
            "Dice of opacities; of a threshold at -750 HU in the true lungs",
            "0.545; 0.743",
            "the simulated chest of the package, made by other rules",
        ),
    ),
    cost=(Measured("seconds from image to labels", "8.5", "the same chest, two cores, OpenVINO"),),
    intended_use="Research. Opacities for measuring their share, to be corrected by a reader.",
    limits=(
        "On simulated opacities in real lungs it is poor: look at each result, and correct it.",
        "On the simulated chest of the package a threshold is better.",
        "Trained on simulated opacities only: how often it is right on patients is not known.",
        "It marks dense lung bases too.",
    ),
)
