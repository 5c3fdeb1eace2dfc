"""elastix, where it is installed."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by elastix; see :mod:`~napari_medassist.registration.engines.run`."""
    from napari_medassist.registration.engines.run import run_engine

    return run_engine("elastix", pair, start, progress)


METHOD = MethodSpec(
    "elastix",
    "rigid, then B-splines, by mutual information (elastix)",
    Gives.DEFORMABLE,
    register,
    needs=("itk",),
    extra="elastix",
)
