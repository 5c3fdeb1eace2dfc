"""`opacity-ct`: ground glass and consolidation in the lungs on CT, by their share of tissue."""

from __future__ import annotations

from napari_medassist.core.labels import Code, Label, LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import Expected, Measured, ModelCard, ModelInput

_GROUND_GLASS = Code("DCM", "112120", "Ground glass opacity")
#: The standard's dictionary has no code for consolidation; the name tells it.
_OPACITY = Code("DCM", "112001", "Opacity")

CARD = ModelCard(
    name="opacity-ct",
    version="0.3",
    title="Ground glass and consolidation in the lungs on CT",
    inputs=(ModelInput("ct", Modality.CT),),
    scheme=LabelScheme(
        (
            Label(1, "Ground glass", (240, 228, 66), _GROUND_GLASS),
            Label(2, "Consolidation", (213, 94, 0), _OPACITY),
        )
    ),
    network=None,
    method=(
        "in the lungs of lungs-ct, where tissue takes 18 % (60 %: consolidation) of what is air in the "
        "patient's best aerated lung, unless as thin as a vessel"
    ),
    expected=Expected((8.0, 3.0, 3.0), 150.0, (0.0, 6000.0)),
    licence="BSD-3-Clause, as the program",
    training_data="none: five numbers of it were chosen on other simulated CT",
    citation="napari-medassist",
    quality=(
        Measured(
            "Dice of opacities, ground glass, consolidation",
            "0.803 (95 % interval 0.756 to 0.848), 0.708, 0.812",
            "60 simulated CT of 20 slices, the true lungs given",
        ),
        Measured(
            "Dice of the same",
            "0.730 (0.623 to 0.820), 0.648, 0.679",
            "30 simulated opacities in lung bases of a real CT, the true lungs given",
        ),
        Measured(
            "Marked in lungs without simulated opacities",
            "7.3 ml and 3.3 ml in the median, 28.3 ml at most",
            "11 and 7 images of the same; whether the real lungs are clear nobody has said",
        ),
        Measured(
            "Dice of opacities; share found; share of what is marked that is right",
            "0.545; 53 %; 56 % (ground glass 60 %, consolidation 14 %)",
            "the simulated chest of the package, in the lungs that lungs-ct finds: those leave its "
            "consolidation at the chest wall out",
        ),
    ),
    cost=(Measured("seconds from image to labels", "2.7", "the same chest, two cores"),),
    intended_use="Research. Opacities for measuring their share, to be corrected by a reader.",
    limits=(
        "Consolidation at the chest wall is left out, since lungs-ct leaves it out: add it by hand.",
        "Measured on simulated opacities only: how often it is right on patients is not known.",
        "At the hilum, most of what it calls consolidation is vessels: take them away.",
        "It marks dense lung bases and fluid in fissures too.",
        "Where most of both lungs is opaque, it takes the least opaque part for aerated.",
    ),
)
