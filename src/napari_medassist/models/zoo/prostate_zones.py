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

_ONNX_SHA256 = "8543d009424f9c6a481e7e28c4bcad6c0c60156e60922eddb740f1a8e1783e9e"
_TENSORS_SHA256 = "5f0394ea7d18f99488510a4c61d386c95aeee349fbd9658b358c1f36265e46e6"
_PERIPHERAL = Code("SCT", "279706003", "Peripheral zone of the prostate")

CARD = ModelCard(
    name="prostate-zones",
    version="0.3",
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
            "0.840, 0.816",
            (
                "ProstateX-0000, which took no part; the masks are models' and agree by 0.960. "
                "taps-prostate: 0.853, 0.831; the mean of the training label maps: 0.769, 0.750"
            ),
        ),
        Measured(
            "Dice of peripheral and transition zone, mean of two masks, HeviAI23 and Yuan23",
            "0.746, 0.745",
            "the same study; the masks agree by 0.876, 0.854; the mean label map has 0.496, 0.642",
        ),
        Measured(
            "Dice of gland, peripheral and transition zone",
            "0.933, 0.838, 0.934",
            "16 simulated images over label maps that were held out",
        ),
    ),
    cost=(
        Measured("seconds from image to labels", "0.5", "ProstateX-0000, two cores, OpenVINO"),
        Measured("memory beside the case", "171 MB", "the same"),
    ),
    intended_use="Research. A first outline of the zones, to be corrected by a reader.",
    limits=(
        "Trained on simulated images only; it never saw a real gland, and one real pelvis.",
        "On the one real study that it was tested on, taps-prostate finds the gland a little better.",
        "Not tested: endorectal coils, hip prostheses, 1.5 T, prostates after treatment.",
    ),
)
