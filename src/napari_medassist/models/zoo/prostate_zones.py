"""`prostate-zones`: peripheral and transition zone on T2-weighted MR, trained on simulated contrast."""

from __future__ import annotations

from napari_medassist.core.labels import Code, Label, LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import (
    Decision,
    Expected,
    ModelCard,
    ModelInput,
    Network,
    Normalisation,
    Sampling,
    WeightFile,
)

_ONNX_SHA256 = "186c0de8de074b2954a2f9fc423537908af65b8b57c9a217cf62defd140f2f38"
_TENSORS_SHA256 = "bf9ed5eff33c72b274e78b9b1455834bece504c3962b1f35e367049e1ce6ab73"
_PERIPHERAL = Code("SCT", "279706003", "Peripheral zone of the prostate")

CARD = ModelCard(
    name="prostate-zones",
    version="0.1",
    title="Peripheral and transition zone on T2-weighted MR",
    inputs=(ModelInput("t2w", Modality.MR),),
    scheme=LabelScheme(
        (
            Label(1, "Peripheral zone", (86, 180, 233), _PERIPHERAL),
            Label(2, "Transition zone", (230, 159, 0)),
        )
    ),
    network=Network(
        sampling=Sampling(spacing_zyx_mm=(3.0, 1.0, 1.0), window_zyx=(20, 112, 112)),
        normalisation=Normalisation.ROBUST,
        decision=Decision(),
        weights=(
            WeightFile("prostate-zones.onnx", _ONNX_SHA256),
            WeightFile("prostate-zones.safetensors", _TENSORS_SHA256),
        ),
        memory_mb=700,
        has_positions=True,
        mirrors=True,
        looks_twice=True,
    ),
    method="anisotropic U-Net of 2.2 million weights, with the place of each voxel as input",
    expected=Expected((5.0, 1.5, 1.5), 80.0, (8.0, 250.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data=(
        "simulated T2-weighted images over the zones and lesions of 757 prostates of the PI-CAI "
        "challenge (CC BY-NC 4.0; the zones are made by a model), in the pelvis of ProstateX-0218"
    ),
    citation="napari-medassist; label maps: PI-CAI challenge, Saha et al., Lancet Oncol 2024",
    quality=(),
    cost=(),
    intended_use="Research. A first outline of the zones, to be corrected by a reader.",
    limits=(
        "Trained on simulated images only; it never saw a real gland.",
        "Not tested: endorectal coils, hip prostheses, 1.5 T, prostates after treatment.",
    ),
)
