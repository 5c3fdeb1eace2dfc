"""Runs another program on a pair in a process of its own: it can be stopped and cannot harm us."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK

from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.registration.engines.files import FIXED, FOUND, MOVING
from napari_medassist.registration.itk import float_images, require_overlap
from napari_medassist.registration.spec import Pair, Registered

_TICK_S = 0.2
_TOLD_CHARACTERS = 300


class EngineFailed(MedAssistError):
    """Another program ended without a result."""


def run_engine(
    name: str, pair: Pair, start: AffineTransform, progress: Progress = silent
) -> Registered:
    """Let another program align a pair.

    Parameters
    ----------
    name
        A module of this package.
    pair
        Checked images; masks do not count.
    start
        First guess, fixed to moving, rigid: the moving image is put down there before the program sees
        it, without being interpolated.
    progress
        Told that it runs; may raise ``Cancelled``, which ends the program.

    Raises
    ------
    InvalidSetting
        If the start scales or shears.
    InvalidImage
        If the images hardly overlap at the start.
    EngineFailed
        If the program ends without a result.
    """
    if not start.is_rigid:
        raise InvalidSetting(
            f"'{name}' begins with turns and shifts only, not with scales or shears.",
            cure="Begin otherwise.",
        )
    require_overlap(pair, start)
    with tempfile.TemporaryDirectory(prefix="medassist-") as place:
        folder = Path(place)
        fixed, moving = float_images(pair)
        SimpleITK.WriteImage(fixed, str(folder / FIXED))
        SimpleITK.WriteImage(_put_down(moving, start), str(folder / MOVING))
        _wait(name, folder, progress)
        parts = _parts(folder, name)
    return Registered(CompositeTransform((*parts, start)), None, None, 1)


def _put_down(moving: SimpleITK.Image, start: AffineTransform) -> SimpleITK.Image:
    """Return the moving image where the start's way back takes its voxels."""
    back = np.asarray(start.inverse().matrix_lps)
    moved = SimpleITK.Image(moving)
    turn = back[:3, :3] @ np.asarray(moving.GetDirection()).reshape(3, 3)
    moved.SetDirection(turn.ravel().tolist())
    moved.SetOrigin((back[:3, :3] @ np.asarray(moving.GetOrigin()) + back[:3, 3]).tolist())
    return moved


def _wait(name: str, folder: Path, progress: Progress) -> None:
    """Run the program to its end, or stop it where the progress says so."""
    log = folder / "log.txt"
    command = [sys.executable, "-m", "napari_medassist.registration.engines.process", name, str(folder)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)  # noqa: S603
        try:
            while process.poll() is None:
                progress(0, 100, f"{name} is working")
                try:
                    process.wait(_TICK_S)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode:
        told = log.read_text(encoding="utf-8", errors="replace").strip()[-_TOLD_CHARACTERS:]
        raise EngineFailed(
            f"{name} ended without a result ({process.returncode}): {told}",
            cure="Choose another method, e.g. deformable.",
        )


def _parts(folder: Path, name: str) -> list[Transform]:
    """Return the maps that the program has left, the first to be applied first."""
    try:
        names = json.loads((folder / FOUND).read_text(encoding="utf-8"))
        return [read_part(folder / str(part)) for part in names]
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineFailed(f"What {name} has left is not understood: {error}") from error


def read_part(path: Path) -> Transform:
    """Read one map that a program has left: a matrix in text, or an image of vectors."""
    if path.suffix == ".txt":
        return AffineTransform.from_matrix(np.loadtxt(path))
    image = SimpleITK.ReadImage(str(path))
    vectors = SimpleITK.GetArrayFromImage(image).astype(np.float32)
    z, y, x = vectors.shape[:3]
    a, b, c, d, e, f, g, h, i = image.GetDirection()
    direction = ((a, b, c), (d, e, f), (g, h, i))
    geometry = Geometry((z, y, x), image.GetSpacing()[::-1], image.GetOrigin(), direction)
    return DisplacementField(np.ascontiguousarray(vectors), geometry)
