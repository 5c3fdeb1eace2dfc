"""Affine registration by mutual information, after a rigid one: SimpleITK."""

from __future__ import annotations

from napari_medassist.registration.linear_information import register_affine
from napari_medassist.registration.spec import Gives, MethodSpec

METHOD = MethodSpec(
    "affine-information",
    "turns, shifts, scales and shears, by mutual information",
    Gives.AFFINE,
    register_affine,
)
