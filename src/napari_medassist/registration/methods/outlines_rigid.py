"""A rigid map between two outlines of an organ."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by the masks; see :mod:`~napari_medassist.registration.outlines`."""
    from napari_medassist.registration.outlines import register_rigid

    return register_rigid(pair, start, progress)


METHOD = MethodSpec(
    "outlines-rigid",
    "turns and shifts, by the outlines of an organ alone",
    Gives.RIGID,
    register,
    needs=("torch",),
    needs_masks=True,
)
