"""ANTs (antspyx): rigid, affine and SyN, with the settings that it calls quick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from napari_medassist.registration.engines.files import FIXED, MOVING


def align(folder: Path) -> tuple[Path, ...]:
    """Align the images of a folder; return the maps, the first to be applied first."""
    import ants

    fixed, moving = (ants.image_read(str(folder / name)) for name in (FIXED, MOVING))
    made = ants.registration(
        fixed,
        moving,
        type_of_transform="antsRegistrationSyNQuick[s]",
        outprefix=str(folder / "out"),
        random_seed=1,
    )
    return tuple(_plain(Path(path)) for path in made["fwdtransforms"])


def _plain(path: Path) -> Path:
    """Return a linear map as a matrix in text; a field stays what it is."""
    if path.suffix != ".mat":
        return path
    linear = SimpleITK.AffineTransform(SimpleITK.ReadTransform(str(path)))
    turn = np.asarray(linear.GetMatrix()).reshape(3, 3)
    centre = np.asarray(linear.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre + np.asarray(linear.GetTranslation()) - turn @ centre
    plain = path.with_suffix(".txt")
    np.savetxt(plain, matrix)
    return plain
