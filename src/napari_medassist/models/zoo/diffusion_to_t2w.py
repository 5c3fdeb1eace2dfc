"""`diffusion-to-t2w`: diffusion images of a prostate displaced onto T2w, from simulated pairs."""

from __future__ import annotations

from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.card import Expected, Measured, ModelCard, Task, WeightFile

#: What the network looks at, in mm and voxels along z, y, x; pixels are joined from so many by so many.
SPACING_ZYX_MM, WINDOW_ZYX, FINER = (3.0, 2.0, 2.0), (24, 56, 56), 2

_TENSORS_SHA256 = "0fed47df67c4e16b72f0b5447a49e37c1894cbf50199cf660009c5416fa47d3f"

_HELD_OUT = "57 simulated pairs of prostates that were held out; mean distance in the gland"

CARD = ModelCard(
    name="diffusion-to-t2w",
    version="0.1",
    title="Prostate: high b-value or ADC brought to T2w",
    task=Task.ALIGNMENT,
    inputs=(),
    takes="T2w and a diffusion image or ADC map (MR)",
    scheme=LabelScheme(),
    network=None,
    own_weights=(WeightFile("diffusion-to-t2w.safetensors", _TENSORS_SHA256),),
    method=(
        "features of both images compared at 343 displacements, 0.8 million weights; the map is then "
        "optimised for the pair, as by deformable"
    ),
    expected=Expected(SPACING_ZYX_MM, 0.0, (10.0, 350.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data=(
        "1,200 simulated pairs over 700 prostates of the PI-CAI challenge's label maps (CC BY-NC 4.0)"
    ),
    citation=(
        "napari-medassist; Yang et al., IEEE TMI 2022; Heinrich, MICCAI 2019; label maps: PI-CAI "
        "challenge, Saha et al., Lancet Oncol 2024"
    ),
    quality=(
        Measured(
            "Median error, high b-value to T2w; as scanned; by deformable",
            "0.66 mm (95 % of pairs below 1.8); 4.5 mm (8.4); 0.63 mm (4.7)",
            _HELD_OUT,
        ),
        Measured("The same by the network alone", "1.55 mm (2.7)", _HELD_OUT),
    ),
    cost=(
        Measured("seconds in a window of 72 x 112 x 112 mm", "1.3 to 2.7", "one core, PyTorch"),
        Measured("of these the network", "0.2 to 0.4", "one core, PyTorch"),
    ),
    intended_use="Research. A first look at diffusion on T2w, to be checked by a reader.",
    limits=(
        (
            "It has learned from simulated studies only: how far it is off in patients is not known. "
            "Where the scanner placed the images well, deformable does as well."
        ),
        "It finds displacements up to 12 mm in plane and 9 mm between slices.",
        "Axes of both images must agree to within about 10 degrees.",
    ),
)
