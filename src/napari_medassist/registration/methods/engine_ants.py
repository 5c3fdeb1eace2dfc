"""ants, where it is installed."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by ants; see :mod:`~napari_medassist.registration.engines.run`."""
    from napari_medassist.registration.engines.run import run_engine

    return run_engine("ants", pair, start, progress)


METHOD = MethodSpec(
    "ants",
    "rigid, affine and SyN, quick (ANTs)",
    Gives.DEFORMABLE,
    register,
    needs=("ants",),
    extra="ants",
)
