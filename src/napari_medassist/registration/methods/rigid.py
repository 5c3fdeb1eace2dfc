"""Rigid registration by mutual information, from coarse to fine."""

from __future__ import annotations

from napari_medassist.registration.linear import register_rigid
from napari_medassist.registration.spec import Gives, MethodSpec

METHOD = MethodSpec("rigid", "turns and shifts, by mutual information", Gives.RIGID, register_rigid)
