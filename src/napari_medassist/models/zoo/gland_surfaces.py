"""`gland-surfaces`: one outline of a prostate brought to another, from simulated pairs."""

from __future__ import annotations

from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.card import Expected, Measured, ModelCard, Task, WeightFile

#: Points of each surface; the network's unit of length.
N_POINTS, UNIT_MM = 1024, 30.0

_TENSORS_SHA256 = "a1e2b97546ee9a623182d7f464c095bb3ddb321274a72e22c42f97b72d3c600d"

_HELD_OUT = (
    "57 prostates that were held out, pressed, bent and outlined twice by simulation; distance of "
    "points within the gland to where they went"
)

CARD = ModelCard(
    name="gland-surfaces",
    version="0.1",
    title="Prostate: one outline brought to another, MR to ultrasound",
    task=Task.ALIGNMENT,
    inputs=(),
    takes="outlines of a prostate in both images",
    scheme=LabelScheme(),
    network=None,
    own_weights=(WeightFile("gland-surfaces.safetensors", _TENSORS_SHA256),),
    method=(
        "closest points, then a free point transformer of 0.8 million weights that moves any point "
        "near the gland; beyond, the nearest rigid map"
    ),
    expected=Expected((5.0, 2.5, 2.5), 0.0, (10.0, 350.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data=(
        "surfaces of 700 prostates of the PI-CAI challenge's label maps (CC BY-NC 4.0), each with a "
        "simulated deformation"
    ),
    citation=(
        "napari-medassist; Baum, Hu and Barratt, Medical Image Analysis 2021; label maps: PI-CAI "
        "challenge, Saha et al., Lancet Oncol 2024"
    ),
    quality=(
        Measured(
            "Median error with complete outlines; where their middles meet; by closest points alone",
            "1.7 mm (95 % of pairs below 3.4); 3.8 mm; 2.0 mm",
            _HELD_OUT,
        ),
        Measured(
            "The same where one outline is transverse planes 5 to 12 mm apart",
            "2.1 mm (3.5); 4.4 mm; 2.4 mm",
            _HELD_OUT,
        ),
        Measured(
            "The same where one outline is a transverse and a sagittal plane",
            "2.3 mm (4.2); 5.2 mm; 2.5 mm",
            _HELD_OUT,
        ),
        Measured(
            "The same where one outline is a sweep of planes",
            "1.7 mm (3.3); 3.9 mm; 2.1 mm",
            _HELD_OUT,
        ),
    ),
    cost=(Measured("milliseconds a pair, with closest points", "29 to 38", "one core, PyTorch"),),
    intended_use="Research. A first place for targets, to be looked at by a reader.",
    limits=(
        (
            "It has learned from simulated deformations only and seen no ultrasound: how far it is off "
            "in patients is not known. Do not guide a needle by it."
        ),
        "An outline does not tell how a round gland is turned, nor what moved within it.",
        "Axes of both images must agree to within about 30 degrees.",
        "Label maps may leave out slices; other planes can be given in Python only.",
    ),
)
