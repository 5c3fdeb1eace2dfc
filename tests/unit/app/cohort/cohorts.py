"""Small cohorts on disk for the tests of the runner."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel as nib
import numpy as np

AFFINE_RAS = np.diag([-0.5, -0.5, 3.0, 1.0])


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE_RAS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def mask(rng: np.random.Generator) -> np.ndarray:
    """One to three boxes in NIfTI's own order, (x, y, z)."""
    values = np.zeros((20, 18, 6), dtype=np.uint8)
    for _ in range(rng.integers(1, 4)):
        x, y, z = rng.integers(0, (14, 12, 4))
        values[x : x + 5, y : y + 4, z : z + 2] = 1
    return values


def cohort(folder: Path, n_cases: int, seed: int = 0) -> tuple[Path, Path]:
    """Write a cohort with one case on another grid and one unreadable file; return both folders."""
    rng = np.random.default_rng(seed)
    reference, prediction = folder / "reference", folder / "prediction"
    for number in range(n_cases):
        for side in (reference, prediction):
            save(side / f"case_{number:04}.nii.gz", mask(rng))
    elsewhere = AFFINE_RAS.copy()
    elsewhere[0, 3] = 5
    save(prediction / "case_0001.nii.gz", mask(rng), elsewhere)
    (prediction / "case_0002.nii.gz").write_bytes(b"broken")
    return reference, prediction


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a result, without what is kept for the next run."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
