"""greedy (picsl-greedy): rigid, then diffeomorphic, by local correlation."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from napari_medassist.registration.engines.files import FIXED, MOVING

_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # greedy's matrices are RAS


def align(folder: Path) -> tuple[Path, ...]:
    """Align the images of a folder; return the maps, the first to be applied first.

    Of five settings that were tried on the pairs of the benchmark the best.
    """
    from picsl_greedy import Greedy3D

    tool = Greedy3D()
    matrix, linear, field = folder / "affine.mat", folder / "linear.txt", folder / "field.nii.gz"
    threads = os.cpu_count() or 1
    images = f"-i {folder / FIXED} {folder / MOVING}"
    common = f"{images} -m NCC 4x4x1 -n 100x50x10 -threads {threads}"
    tool.execute(f"-a -dof 6 -ia-identity {common} -o {matrix}")
    tool.execute(f"{common} -s 3mm 1mm -it {matrix} -o {field}")
    np.savetxt(linear, _RAS @ np.loadtxt(matrix) @ _RAS)
    return field, linear
