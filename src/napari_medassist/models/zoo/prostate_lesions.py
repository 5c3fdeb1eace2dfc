"""`prostate-lesions`: lesion candidates on T2w, ADC and high b-value, trained on simulated studies."""

from __future__ import annotations

from napari_medassist.core.labels import Label, LabelScheme
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

_ONNX_SHA256 = "927015dda850ee24aa102af4ccb3480dc03cd9d2b0497f9b9b8290e279540667"
_TENSORS_SHA256 = "e01c1b50ed9f78e3ce943d1486151ca7bf5facf0388decb2d79ab20bc8321eb4"

CARD = ModelCard(
    name="prostate-lesions",
    version="0.1",
    title="Candidates of prostate lesions on multi-parametric MR",
    task=Task.DETECTION,
    organ="prostate-zones",
    inputs=(
        ModelInput("t2w", Modality.MR, is_optional=True),
        ModelInput("adc", Modality.MR, is_optional=True),
        ModelInput("high-b", Modality.MR, is_optional=True),
    ),
    scheme=LabelScheme((Label(1, "Lesion candidate", (213, 94, 0)),)),
    network=Network(
        sampling=Sampling(spacing_zyx_mm=(3.0, 1.0, 1.0), window_zyx=(20, 112, 112)),
        normalisation=Normalisation.ROBUST,
        decision=Decision(keeps_largest=False),
        weights=(
            WeightFile("prostate-lesions.onnx", _ONNX_SHA256),
            WeightFile("prostate-lesions.safetensors", _TENSORS_SHA256),
        ),
        memory_mb=400,
        has_positions=True,
        mirrors=True,
        looks_twice=True,
    ),
    method=(
        "anisotropic U-Net of 2.2 million weights; candidates by PI-CAI's dynamic extraction, whose "
        "confidence is their highest probability"
    ),
    expected=Expected((5.0, 2.5, 2.5), 80.0, (0.0, 250.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data=(
        "simulated T2w, ADC and high b-value images over the zones and lesions of 700 prostates of the "
        "PI-CAI challenge (CC BY-NC 4.0), in the pelvis of ProstateX-0218; half of the prostates got a "
        "lesion that is invented"
    ),
    citation="napari-medassist; label maps: PI-CAI challenge, Saha et al., Lancet Oncol 2024",
    quality=(Measured("FILL", "FILL", "FILL"),),
    cost=(Measured("seconds from images to candidates", "FILL", "FILL"),),
    intended_use="Research. Suggestions, each to be accepted or rejected by a reader.",
    limits=(
        "Trained on simulated images only: how often it is right on patients is not known.",
        "No figure here is an accuracy on patients. It is not for diagnosis.",
        "Lesions that it learned are dark on T2w and restrict diffusion; perfusion it does not see.",
        "Not tested: endorectal coils, hip prostheses, 1.5 T, prostates after treatment.",
    ),
)
