"""From a detection model's probabilities to lesion candidates on the grid of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Triple
from napari_medassist.core.labels import LabelMap, LabelScheme, ProbabilityMap
from napari_medassist.evaluation.extraction.candidates import candidate_values
from napari_medassist.evaluation.extraction.components import connected
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.models.grids import labels_on_grid, on_grid
from napari_medassist.models.prediction import Prediction

#: Smaller candidates are none: that is a ball of 4 mm.
SMALLEST_MM3 = 30.0
#: Candidates that a model is less sure of are not shown to a reader.
LEAST_CONFIDENCE = 0.1
_MOST = 10
#: A candidate may lie so far outside of the organ: outlines of models are not exact, and lesions grow.
BEYOND_MM = 5.0
#: Share of its voxels that must lie there.
_LEAST_SHARE = 0.5


def rule_for(voxel_mm3: float) -> ExtractionRule:
    """Return how candidates are taken from probabilities: PI-CAI's dynamic extraction."""
    return ExtractionRule(
        from_probability="dynamic",
        min_candidate_voxels=max(1, round(SMALLEST_MM3 / voxel_mm3)),
        max_candidates=_MOST,
    )


def candidates_in(
    probability: NDArray[np.float32], rule: ExtractionRule
) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Return the candidates of a probability map, the surest first.

    Parameters
    ----------
    probability
        (z, y, x), 0 to 1.
    rule
        How candidates come from it.

    Returns
    -------
    tuple of ndarray and tuple of float
        Labels 1, 2, ... (z, y, x), and how sure the map is of each: its highest value within.
    """
    parts, n = connected(candidate_values(probability, rule, "probability") > 0, rule.connectivity)
    labels = np.zeros(probability.shape, dtype=np.uint8)
    if not n:
        return labels, ()
    highest = np.asarray(ndimage.maximum(probability, parts, np.arange(1, n + 1)))
    order = [k for k in np.argsort(-highest, kind="stable") if highest[k] >= LEAST_CONFIDENCE]
    for rank, k in enumerate(order, start=1):
        labels[parts == k + 1] = rank
    return labels, tuple(float(highest[k]) for k in order)


def with_candidates(made: Prediction) -> Prediction:
    """Return what a detection model says with its labels replaced by candidates, the surest being 1.

    A candidate that has no voxel on the grid of the image is left out, and told.
    """
    if made.probability is None or made.grid is None:
        raise ValueError("Only a network tells probabilities.")
    probability, image = made.probability[-1], made.labels
    labels, confidences = candidates_in(probability, rule_for(made.grid.voxel_volume_mm3))
    array = labels_on_grid(labels, made.grid, image.geometry)
    there = [k for k in range(1, len(confidences) + 1) if (array == k).any()]
    array, kept = _only(there, array, confidences)
    n_lost = len(confidences) - len(kept)
    told = (f"{n_lost} candidate(s) lie between the voxels of the image.",) if n_lost else ()
    return replace(
        made,
        labels=_named(image, array, kept),
        confidences=kept,
        lesion_probability=_on_image(probability, made),
        warnings=(*made.warnings, *told),
    )


def within_organ(made: Prediction, organ: LabelMap) -> Prediction:
    """Return what a detection model says without the candidates that lie beyond an organ.

    Parameters
    ----------
    made
        With candidates.
    organ
        All its labels together are the organ; on the grid of the candidates. If it is empty, nothing is
        left out, and that is told.
    """
    confidences = made.confidences or ()
    mask, array = np.asarray(organ.array) > 0, np.asarray(made.labels.array)
    if not mask.any():
        told = f"{organ.name} found no organ: candidates were looked for everywhere."
        return replace(made, warnings=(*made.warnings, told))
    near = _grown(mask, organ.geometry.spacing_zyx_mm)
    kept = [
        k
        for k in range(1, len(confidences) + 1)
        if np.count_nonzero(near & (array == k)) >= _LEAST_SHARE * np.count_nonzero(array == k)
    ]
    n_beyond = len(confidences) - len(kept)
    if not n_beyond:
        return made
    array, left = _only(kept, array, confidences)
    told = f"{n_beyond} candidate(s) beyond what {organ.name} outlines were left out."
    labels = _named(made.labels, array, left)
    return replace(made, labels=labels, confidences=left, warnings=(*made.warnings, told))


def _only(
    kept: Sequence[int], array: NDArray[np.uint8], confidences: tuple[float, ...]
) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Return labels and confidences of some candidates, numbered anew from 1."""
    renumbered = np.zeros(len(confidences) + 1, dtype=np.uint8)
    renumbered[list(kept)] = np.arange(1, len(kept) + 1)
    return renumbered[array], tuple(confidences[k - 1] for k in kept)


def _grown(mask: NDArray[np.bool_], spacing_zyx_mm: Triple) -> NDArray[np.bool_]:
    """Return the voxels within ``BEYOND_MM`` of a mask."""
    index = np.argwhere(mask)
    margin = np.ceil(BEYOND_MM / np.asarray(spacing_zyx_mm)).astype(int)
    low = np.maximum(index.min(axis=0) - margin, 0)
    high = np.minimum(index.max(axis=0) + margin + 1, mask.shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grown = np.zeros(mask.shape, dtype=bool)
    distance = ndimage.distance_transform_edt(~mask[z, y, x], sampling=spacing_zyx_mm)
    grown[z, y, x] = distance <= BEYOND_MM
    return grown


def _named(image: LabelMap, array: NDArray[np.uint8], confidences: tuple[float, ...]) -> LabelMap:
    names = {k: f"Candidate {k} ({value:.2f})" for k, value in enumerate(confidences, start=1)}
    return LabelMap.on(
        image,
        array,
        name=image.name,
        scheme=LabelScheme.from_names(names),
        provenance=image.provenance,
    )


def _on_image(probability: NDArray[np.float32], made: Prediction) -> ProbabilityMap:
    if made.grid is None:
        raise ValueError("Only a network has a grid of its own.")
    values = on_grid(probability, made.grid, made.labels.geometry, edge="constant")
    return ProbabilityMap(
        np.clip(values, 0, 1), made.labels.geometry, made.labels.source, name=made.labels.name
    )
