"""Half of a real chest becomes what simulated CT are laid over; the other half is held out.

The lungs are those of a label map whose labels 10 to 14 are the lobes (TotalSegmentator's numbers). The
patient's right side is learned from and the left one held out; each is completed by its mirror image::

    python training/chest_sources.py --ct torso_ct_3mm.nii.gz --lobes torso_ct_3mm_totalseg.nii.gz \
        --out chest.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_medassist.io.files import read_labels, read_volume
from napari_medassist.models.grids import centred_grid, covering_shape, on_grid

SPACING_ZYX_MM = (3.0, 2.0, 2.0)
_LOBES = (10, 14)


def main() -> None:
    """Read, cut and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--lobes", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    ct, lobes = read_volume(options.ct), read_labels(options.lobes)
    lobes.geometry.require_same_grid(ct.geometry)
    values = np.asarray(lobes.array)
    lung = (values >= _LOBES[0]) & (values <= _LOBES[1])
    shape = covering_shape(ct.geometry, SPACING_ZYX_MM, (1, 1, 1))
    grid = centred_grid(ct.geometry, SPACING_ZYX_MM, shape)
    hu = on_grid(np.asarray(ct.array), ct.geometry, grid, edge="nearest")
    lungs = on_grid(lung.astype(np.float32), ct.geometry, grid, edge="constant") > 0.5
    from_z = int(np.nonzero(lungs.any(axis=(1, 2)))[0][0]) - 5
    hu, lungs = hu[max(from_z, 0) :], lungs[max(from_z, 0) :]
    body = np.nonzero((hu > -500).any(axis=(0, 1)))[0]
    middle = int(body.min() + body.max()) // 2
    # x grows to the patient's left, and each half begins at the midline.
    right = _turned(hu[:, :, :middle]), _turned(lungs[:, :, :middle])
    left = hu[:, :, middle:], lungs[:, :, middle:]
    np.savez_compressed(
        options.out, hu=right[0], lungs=right[1], held_out_hu=left[0], held_out_lungs=left[1]
    )
    print(f"{right[0].shape} to learn from, {left[0].shape} held out")


def _turned(half: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.flip(half, axis=2)


if __name__ == "__main__":
    main()
