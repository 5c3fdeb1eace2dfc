"""`taps-prostate`: the whole prostate on T2-weighted MR, published in the wheel lavlab-taps."""

from __future__ import annotations

from napari_medassist.core.labels import Code, Label, LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import (
    Activation,
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
from napari_medassist.models.wheel_source import WheelSource

_SHA256 = "1e39be9d19f6f71810cb0931a7fe895441cfd318d6002730c918ee99b9d79b91"
_SOURCE = WheelSource(
    distribution="lavlab-taps",
    version="1.1.2",
    wheel_sha256="e938361febacadbfd70995bee23c4a56219de6cb302eff3b24f34ff4b9bd790a",
    member="taps/resources/model_v1.onnx",
    member_sha256=_SHA256,
)
_PROSTATE = Code("SCT", "41216001", "Prostate")

CARD = ModelCard(
    name="taps-prostate",
    version="1.1.2",
    title="Prostate on T2-weighted MR",
    inputs=(ModelInput("t2w", Modality.MR),),
    scheme=LabelScheme((Label(1, "Prostate", (230, 159, 0), _PROSTATE),)),
    network=Network(
        sampling=Sampling((3.0, 0.8, 0.8), (32, 128, 128), axes="RAS"),
        normalisation=Normalisation.NONZERO,
        decision=Decision(Activation.SIGMOID, threshold=0.55, blur_vox=2.5),
        weights=(WeightFile("model_v1.onnx", _SHA256, _SOURCE),),
        memory_mb=1500,
        mirrors=True,
    ),
    method="a 3D network of others, read by its own recipe",
    expected=Expected((5.0, 1.5, 1.5), 80.0, (8.0, 250.0)),
    licence="MIT",
    training_data="not stated in the package that holds it",
    citation="lavlab-taps 1.1.2",
    quality=(
        Measured(
            "Dice of the gland with two masks, Guerbet23 and Bosma22b",
            "0.853, 0.831",
            "ProstateX-0000, one study; the masks are models' and agree by 0.960",
        ),
        Measured("Dice with what its own package finds", "0.970", "ProstateX-0218"),
    ),
    cost=(Measured("seconds from image to labels", "1.7", "ProstateX-0218, two cores, OpenVINO"),),
    intended_use="Research. A first outline of the whole prostate, to be corrected by a reader.",
    limits=(
        "Made by others; what it was trained on, and for which scanners, is not stated.",
        "It looks once, at the middle; its own package slides a window over the whole image.",
    ),
)
