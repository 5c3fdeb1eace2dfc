"""Rigid registration by mutual information, from coarse to fine: SimpleITK."""

from __future__ import annotations

from napari_medassist.registration.linear_information import register_rigid
from napari_medassist.registration.spec import Gives, MethodSpec

METHOD = MethodSpec(
    "rigid-information", "turns and shifts, by mutual information", Gives.RIGID, register_rigid
)
