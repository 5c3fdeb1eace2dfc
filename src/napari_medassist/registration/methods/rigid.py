"""Rigid registration by local correlation, from coarse to fine."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly; see :mod:`~napari_medassist.registration.linear_correlation`."""
    from napari_medassist.registration.linear_correlation import register_rigid

    return register_rigid(pair, start, progress)


def refine(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly from a start that is nearly right."""
    from napari_medassist.registration.linear_correlation import FINE_LEVELS, register_rigid

    return register_rigid(pair, start, progress, FINE_LEVELS)


METHOD = MethodSpec(
    "rigid",
    "turns and shifts, by local correlation",
    Gives.RIGID,
    register,
    needs=("torch",),
    refine=refine,
)
