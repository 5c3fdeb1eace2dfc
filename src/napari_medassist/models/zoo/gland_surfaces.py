"""`gland-surfaces`: one outline of a prostate brought to another, from simulated pairs."""

from __future__ import annotations

from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.card import Expected, Measured, ModelCard, Task, WeightFile

#: Points of each surface; the network's unit of length.
N_POINTS, UNIT_MM = 1024, 30.0

_TENSORS_SHA256 = "c22deead1e78fb9382a75d2643152e115e382b562bb697cd0f6d11d88f5dbb42"

CARD = ModelCard(
    name="gland-surfaces",
    version="0.1",
    title="Prostate: one outline brought to another, MR to ultrasound",
    task=Task.ALIGNMENT,
    inputs=(),
    scheme=LabelScheme(),
    network=None,
    own_weights=(WeightFile("gland-surfaces.safetensors", _TENSORS_SHA256),),
    method="",
    expected=Expected((5.0, 2.5, 2.5), 0.0, (10.0, 350.0)),
    licence="CC BY-NC 4.0 (weights): research use only",
    training_data="",
    citation="",
    quality=(Measured("", "", ""),),
    cost=(),
    intended_use="",
    limits=(),
)
