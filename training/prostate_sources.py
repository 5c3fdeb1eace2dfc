"""Real label maps and one real image become what simulated prostates are drawn from.

Labels: the zones and lesions of the PI-CAI challenge (CC BY-NC 4.0). Image: the T2-weighted series of
ProstateX-0218, whose gland is filled in from around it. ProstateX-0000, the test case, takes no part:
none of the label maps begins within 2 mm of where a series of either study does, and none agrees with
the zones of ProstateX-0000 (Dice above 0.85)::

    python training/prostate_sources.py --labels picai_labels --image ProstateX-0218 \
        --gland gland_of_0218.nii.gz --out sources.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.case import Case
from napari_medassist.core.volume import GridImage
from napari_medassist.io.files import read, read_labels
from napari_medassist.models.grids import centred_grid, on_grid

SPACING_ZYX_MM = np.array([3.0, 1.0, 1.0])
ANATOMY_SHAPE, BACKGROUND_SHAPE = (40, 96, 96), (24, 192, 192)
_FINENESS = (5, 8, 12)


def cut_out(
    channels: NDArray[Any],
    image: GridImage,
    centre_index: NDArray[Any],
    shape: tuple[int, int, int],
    order: int,
) -> NDArray[np.float32]:
    """Resample (c, z, y, x) within the image's own axes around a voxel; edges are repeated."""
    step = SPACING_ZYX_MM / np.array(image.geometry.spacing_zyx_mm)
    offset = centre_index - step * (np.array(shape) - 1) / 2
    mode = "nearest" if order else "constant"
    return np.stack(
        [
            ndimage.affine_transform(c.astype(np.float32), step, offset, shape, order=1, mode=mode)
            for c in channels
        ]
    )


def middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the centre of a mask's bounding box."""
    index = np.argwhere(mask)
    return (index.min(axis=0) + index.max(axis=0)) / 2


def anatomy_of(
    zones_path: Path, lesions_path: Path
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]] | None:
    """Return zones and lesions around the gland; None if there is hardly a gland."""
    zones = read_labels(zones_path)
    values = np.asarray(zones.array)
    if np.count_nonzero(values) < 500:
        return None
    lesion = np.zeros(values.shape, dtype=bool)
    if lesions_path.exists():
        drawn = read_labels(lesions_path)
        if drawn.geometry.is_same_grid(zones.geometry):
            lesion = np.asarray(drawn.array) > 0
    parts = np.stack([values == 1, values == 2, lesion])
    peripheral, transition, lesions = cut_out(parts, zones, middle(values > 0), ANATOMY_SHAPE, 0)
    classes = np.stack([1 - peripheral - transition, peripheral, transition])
    return classes.argmax(axis=0).astype(np.uint8), lesions > 0.5


def background_of(study: Path, gland_path: Path) -> dict[str, NDArray[Any]]:
    """Return an image of a pelvis without its gland, and its classes of tissue."""
    case = read(study)
    volume = case.by_role("t2w")
    gland = read_labels(gland_path)
    gland.geometry.require_same_grid(volume.geometry)
    values = without_bias(np.asarray(volume.array, dtype=np.float32))
    centre = (np.array(values.shape) - 1) / 2
    image, mask = (
        cut_out(c[None], volume, centre, BACKGROUND_SHAPE, 1)[0]
        for c in (values, np.asarray(gland.array) > 0)
    )
    inside = mask > 0.5
    low, high = np.percentile(image, [0.5, 99])
    filled = filled_in(np.clip((image - low) / (high - low), 0, 1.3), inside)
    index = np.argwhere(inside)
    half = (np.ptp(index, axis=0) + 1) / 2 * SPACING_ZYX_MM
    tissues = np.stack([classes_of(filled, n) for n in _FINENESS])
    return {
        "image": filled,
        "tissues": tissues,
        "centre": middle(inside),
        "half_mm": half,
        "diffusion": diffusion_of(case, volume, inside),
    }


def diffusion_of(case: Case, t2w: GridImage, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return ADC (um2/s) and the signal at b = 0 around the gland, on the grid of the background."""
    grid = centred_grid(t2w.geometry, tuple(SPACING_ZYX_MM), BACKGROUND_SHAPE)
    unweighted = next(v for v in case.all_by_role("dwi") if v.acquisition.b_value_s_mm2 == 0)
    maps = [
        on_grid(np.asarray(v.array), v.geometry, grid, edge="nearest")
        for v in (case.by_role("adc"), unweighted)
    ]
    maps[1] = maps[1] / np.percentile(maps[1], 99)
    return np.stack([filled_in(a.astype(np.float32), inside) for a in maps])


def without_bias(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by the smooth field of the coils (N4)."""
    image = SimpleITK.GetImageFromArray(values)
    small = SimpleITK.Shrink(image, [4, 4, 1])
    filter_ = SimpleITK.N4BiasFieldCorrectionImageFilter()
    filter_.SetMaximumNumberOfIterations([30, 20])
    filter_.Execute(small, SimpleITK.Cast(small > 20, SimpleITK.sitkUInt8))
    field = SimpleITK.GetArrayFromImage(filter_.GetLogBiasFieldAsImage(image))
    return np.asarray(values / np.exp(field), dtype=np.float32)


def filled_in(image: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace the gland by what is nearest to it, smoothed."""
    wide = ndimage.binary_dilation(inside, np.ones((1, 5, 5)))
    nearest = ndimage.distance_transform_edt(
        wide, sampling=(6, 1, 1), return_distances=False, return_indices=True
    )
    smooth = ndimage.gaussian_filter(image[tuple(nearest)], (0.5, 2, 2))
    return np.where(wide, smooth, image).astype(np.float32)


def classes_of(image: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Sort voxels into n classes of intensity (k-means in one dimension)."""
    values = ndimage.gaussian_filter(image, (0, 0.8, 0.8))
    means = np.quantile(values, (np.arange(n) + 0.5) / n)
    for _ in range(15):
        classes = np.abs(values[..., None] - means).argmin(axis=-1)
        means = np.array(
            [values[classes == k].mean() if (classes == k).any() else means[k] for k in range(n)]
        )
    return classes.astype(np.float32)


def main() -> None:
    """Read, cut and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help="folder with zones/ and human/")
    parser.add_argument(
        "--image", type=Path, required=True, help="folder of the study that makes the background"
    )
    parser.add_argument("--gland", type=Path, required=True, help="its gland, on the grid of its T2w")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    background = background_of(options.image, options.gland)
    names, zones, lesions = [], [], []
    for path in sorted((options.labels / "zones").glob("*.nii.gz")):
        found = anatomy_of(path, options.labels / "human" / path.name)
        if found is None:
            print(f"{path.name}: hardly a gland, left out")
            continue
        names.append(path.name.removesuffix(".nii.gz"))
        zones.append(found[0])
        lesions.append(found[1])
    np.savez_compressed(
        options.out, names=names, zones=np.stack(zones), lesions=np.stack(lesions), **background
    )
    print(f"{len(names)} anatomies written to {options.out}")


if __name__ == "__main__":
    main()
