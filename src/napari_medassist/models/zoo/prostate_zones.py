"""`prostate-zones`: peripheral and transition zone on T2-weighted MR, trained on simulated contrast."""

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

_ONNX_SHA256 = "364f608848f613550490d4b4a69887d23134074993adc7210bd3651264b01224"
_TENSORS_SHA256 = "d1e21a3c7fd09f22317db9496e9795b2e05e2d492ce1cb1ca6c00d62906b658a"
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
        memory_mb=400,
        has_positions=True,
        mirrors=True,
        architecture="prostate-zones",
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
    quality=(
        Measured(
            "Dice of the gland with two masks, Guerbet23 and Bosma22b",
            "0.799, 0.773",
            (
                "ProstateX-0000, which took no part; the masks are models' and agree by 0.960. "
                "taps-prostate: 0.867, 0.844; the mean of the training label maps: 0.777, 0.757"
            ),
        ),
        Measured(
            "Dice of peripheral and transition zone, mean of two masks, HeviAI23 and Yuan23",
            "0.671, 0.736",
            "the same study; the masks agree by 0.876, 0.854; the mean label map has 0.477, 0.647",
        ),
        Measured(
            "Dice of gland, peripheral and transition zone",
            "0.920, 0.794, 0.920",
            "16 simulated images over label maps that were held out",
        ),
    ),
    cost=(
        Measured("seconds from image to labels", "0.3", "ProstateX-0218, two cores, OpenVINO"),
        Measured("memory beside the case", "171 MB", "the same"),
    ),
    intended_use="Research. A first outline of the zones, to be corrected by a reader.",
    limits=(
        "Trained on simulated images only; it never saw a real gland, and one real pelvis.",
        "On the one real study that it was tested on, taps-prostate finds the gland better.",
        "Not tested: endorectal coils, hip prostheses, 1.5 T, prostates after treatment.",
    ),
)
