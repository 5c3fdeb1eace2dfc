"""Compare `prostate-zones` and `taps-prostate` with masks of one study that neither was trained on.

Prints Dice of gland and zones against each mask, beside that of the mean atlas of the training label
maps laid at the image's centre, and of the masks among themselves. Run it once, on finished weights::

    python training/evaluate_prostate_zones.py --study ProstateX-0000 --sources sources.npz \
        --gland gland_a.nii.gz gland_b.nii.gz --zones zones_a.nii.gz zones_b.nii.gz
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.segmenting import segment
from napari_medassist.core.volume import GridImage
from napari_medassist.io.files import read, read_labels
from napari_medassist.models.grids import centred_grid, labels_on_grid
from napari_medassist.models.places import is_installed
from napari_medassist.models.registry import find_model

Mask = NDArray[np.bool_]
SPACING_ZYX_MM = (3.0, 1.0, 1.0)
PARTS = {"gland": (1, 2), "peripheral": (1,), "transition": (2,)}


def dice(first: Mask, second: Mask) -> float:
    """Return Dice of two masks."""
    return float(
        2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))
    )


def mean_atlas(sources: Path, image: GridImage) -> NDArray[np.uint8]:
    """Return the likeliest zone at each place of the training label maps, at the image's centre."""
    with np.load(sources) as stored:
        zones = stored["zones"]
    shares = np.stack([(zones == value).mean(axis=0) for value in (0, 1, 2)])
    atlas = shares.argmax(axis=0).astype(np.uint8)
    grid = centred_grid(image.geometry, SPACING_ZYX_MM, atlas.shape)  # type: ignore[arg-type]
    return labels_on_grid(atlas, grid, image.geometry, shares[1:].astype(np.float32))


def print_rows(name: str, found: NDArray[Any], references: dict[str, NDArray[Any]]) -> None:
    """Print Dice of one result against all references that have the part."""
    for part, values in PARTS.items():
        row = {
            file: dice(np.isin(found, values), np.isin(mask, values))
            for file, mask in references.items()
            if part == "gland" or mask.max() > 1
        }
        if not row:  # a gland has no zones to compare
            continue
        told = ", ".join(f"{file} {value:.3f}" for file, value in row.items())
        print(f"{name:<16}{part:<12}{told}; mean {np.mean(list(row.values())):.3f}")


def main() -> None:
    """Segment and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--gland", type=Path, nargs="+", default=[])
    parser.add_argument("--zones", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    case = read(options.study)
    image = case.by_role("t2w")
    references = {}
    for path in (*options.gland, *options.zones):
        labels = read_labels(path)
        labels.geometry.require_same_grid(image.geometry)
        values = np.asarray(labels.array)
        references[path.name] = values if path in options.zones else (values > 0).astype(np.uint8)
    results = {
        name: np.asarray(segment(case, name).labels.array)
        for name in ("prostate-zones", "taps-prostate")
        if is_installed(find_model(name))
    }
    results["mean atlas"] = mean_atlas(options.sources, image)
    for name, found in results.items():
        of_gland = name == "taps-prostate"
        compared = {k: (m > 0).astype(np.uint8) if of_gland else m for k, m in references.items()}
        print_rows(name, found, compared)
    for (first, a), (second, b) in combinations(references.items(), 2):
        parts = PARTS if a.max() > 1 and b.max() > 1 else {"gland": (1, 2)}
        told = ", ".join(f"{p} {dice(np.isin(a, v), np.isin(b, v)):.3f}" for p, v in parts.items())
        print(f"{first} and {second}: {told}")


if __name__ == "__main__":
    main()
