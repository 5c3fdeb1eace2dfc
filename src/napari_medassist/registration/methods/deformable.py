"""A rigid registration, then a deformation optimised for the pair."""

from __future__ import annotations

from dataclasses import replace

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly, then deform; see :mod:`~napari_medassist.registration.instance`."""
    from napari_medassist.registration.instance import deform
    from napari_medassist.registration.linear_correlation import register_rigid

    rigid = register_rigid(pair, start, lambda done, total, told: progress(done // 3, total, told))
    turned = rigid.transform
    if not isinstance(turned, AffineTransform):
        raise TypeError("A rigid registration gives an affine map.")
    found = deform(
        pair, turned, lambda done, total, told: progress((total + 2 * done) // 3, total, told)
    )
    return replace(found, n_iterations=rigid.n_iterations + found.n_iterations)


METHOD = MethodSpec(
    "deformable",
    "turns, shifts and deforms, by local correlation; optimised for the pair",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
)
