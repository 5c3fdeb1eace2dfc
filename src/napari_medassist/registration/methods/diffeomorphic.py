"""A rigid registration, then a deformation that has an inverse of the same kind."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.methods.deformable import deformed
from napari_medassist.registration.methods.rigid import METHOD as RIGID
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly, then follow a velocity; see :mod:`~napari_medassist.registration.flow`."""
    rigid = RIGID.run(pair, start, part_of(progress, 0, 33))
    return deformed(pair, rigid, progress, diffeomorphic=True)


def refine(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly from a start that is nearly right, then follow a velocity."""
    finely = RIGID.refine or RIGID.run
    rigid = finely(pair, start, part_of(progress, 0, 33))
    return deformed(pair, rigid, progress, diffeomorphic=True)


METHOD = MethodSpec(
    "diffeomorphic",
    "as deformable, by a velocity that is followed: it has an inverse and folds nowhere",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    refine=refine,
)
