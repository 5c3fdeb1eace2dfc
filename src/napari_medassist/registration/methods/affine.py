"""Affine registration by local correlation, after a rigid one."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by an affine map; see :mod:`~napari_medassist.registration.linear_correlation`."""
    from napari_medassist.registration.linear_correlation import register_affine

    return register_affine(pair, start, progress)


def refine(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by an affine map from a start that is nearly right."""
    from napari_medassist.registration.linear_correlation import FINE_LEVELS, register_affine

    return register_affine(pair, start, progress, FINE_LEVELS)


METHOD = MethodSpec(
    "affine",
    "turns, shifts, scales and shears, by local correlation",
    Gives.AFFINE,
    register,
    needs=("torch",),
    refine=refine,
)
