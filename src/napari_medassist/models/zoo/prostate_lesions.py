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

_ONNX_SHA256 = "72c8d650f7271199b653da598c3ad06d524e90c171ce3f2b85df65e34d2e5c44"
_TENSORS_SHA256 = "207662eeab3ae362baa305bd27b6d579809d4f25cc83af0c0aa577cf3d3ce12f"

_HELD_OUT = (
    "114 simulated studies over 57 prostates that were held out, 96 lesions, PI-CAI's rules; intervals "
    "by bootstrap over prostates"
)

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
        architecture="prostate-lesions",
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
    quality=(
        Measured(
            "Sensitivity at 0.25, 0.5 and 1 false candidates a study, T2w + ADC + high b-value",
            "0.67 (95 % interval 0.55 to 0.77), 0.70 (0.59 to 0.79), 0.72 (0.61 to 0.82)",
            _HELD_OUT,
        ),
        Measured("The same, ADC + high b-value", "0.60, 0.70, 0.74", _HELD_OUT),
        Measured("The same, T2w + ADC", "0.20, 0.26, 0.34", _HELD_OUT),
        Measured("The same, T2w alone", "0.07, 0.08, 0.12", _HELD_OUT),
        Measured("AUROC of studies, all three series", "0.79 (0.69 to 0.87)", _HELD_OUT),
        Measured(
            "The lesion that radiologists drew (ISUP 3)",
            "missed; what was sure lay beyond the gland, and was left out",
            "ProstateX-0000, which took no part; one case, no accuracy",
        ),
    ),
    cost=(
        Measured(
            "seconds from images to candidates",
            "2.1, of which 1.7 are for prostate-zones; 1.1 on ProstateX-0000, with loading",
            "ProstateX-0218, two cores, OpenVINO",
        ),
        Measured("memory beside the case", "285 MB", "the same, with prostate-zones"),
    ),
    intended_use="Research. Suggestions, each to be accepted or rejected by a reader.",
    limits=(
        "On the one real study with a known lesion that it was tried on, it missed it.",
        "Trained on simulated images only: how often it is right on patients is not known.",
        "No figure here is an accuracy on patients. It is not for diagnosis.",
        "Without high b-value it finds few lesions, on T2w alone hardly any.",
        "Lesions that it learned are dark on T2w and restrict diffusion; perfusion it does not see.",
        "Not tested: endorectal coils, hip prostheses, 1.5 T, prostates after treatment.",
    ),
)
