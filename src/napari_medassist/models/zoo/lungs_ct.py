"""`lungs-ct`: left and right lung and the large airways on CT, by density."""

from __future__ import annotations

from napari_medassist.core.labels import Code, Label, LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.card import Expected, Measured, ModelCard, ModelInput

#: The standard's dictionary has no code for one side; the names tell it.
_LUNG = Code("SCT", "39607008", "Lung")
_AIRWAYS = Code("SCT", "110726009", "Trachea and bronchus")

CARD = ModelCard(
    name="lungs-ct",
    version="1.1",
    title="Left and right lung, airways on CT",
    inputs=(ModelInput("ct", Modality.CT),),
    scheme=LabelScheme(
        (
            Label(1, "Left lung", (86, 180, 233), _LUNG),
            Label(2, "Right lung", (0, 158, 115), _LUNG),
            Label(3, "Airways", (204, 121, 167), _AIRWAYS),
        )
    ),
    network=None,
    method=(
        "air in the body that is denser than gas; airways grow from the trachea; lungs that touch are "
        "cut where they are thinnest"
    ),
    expected=Expected((10.0, 4.0, 4.0), 150.0, (20.0, 10_000.0)),
    licence="BSD-3-Clause, as the program",
    training_data="none: it is not a trained model",
    citation="napari-medassist",
    quality=(
        Measured(
            "Dice with the lobes of TotalSegmentator: both, left, right",
            "0.957, 0.953, 0.960",
            "one CT of 3 mm that shows the lung bases only; the reference is a model's",
        ),
        Measured("Dice: left, right", "0.983, 0.970", "the simulated chest of the package"),
    ),
    cost=(Measured("seconds from image to labels", "0.5", "the CT of 3 mm, two cores"),),
    intended_use="Research. Lungs for measuring their opacities, to be corrected by a reader.",
    limits=(
        "Consolidation that is as dense as muscle is left out, except where it is small.",
        "Airways are found from the trachea on: none where the image does not show it.",
        "Measured on one CT of the lung bases and on simulated chests only.",
    ),
)
