"""A folder of small cases for worklists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk


def write_image(path: Path, array: np.ndarray, spacing_zyx_mm: tuple[float, ...] = (3, 1, 1)) -> Path:
    """Write an image with SimpleITK; (z, y, x)."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(v) for v in spacing_zyx_mm[::-1]])
    image.SetOrigin((-10.0, 5.0, 20.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))
    return path


def write_cases(folder: Path, names: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """Write a folder with one T2w image in a folder a case."""
    for number, name in enumerate(names):
        values = np.arange(4 * 12 * 10, dtype=np.float32).reshape(4, 12, 10) + number
        write_image(folder / name / "t2w.nii.gz", values)
    return folder
