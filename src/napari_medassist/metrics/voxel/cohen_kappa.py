"""Cohen's kappa of voxels."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def cohen_kappa(pair: MaskPair) -> float:
    """Return the agreement of the voxels beyond chance; NaN if chance alone would agree everywhere.

    All voxels of the image count, so the field of view plays a part.
    """
    n, reference, prediction = pair.n_voxels, pair.n_reference, pair.n_prediction
    agreed = n - reference - prediction + 2 * pair.n_overlap
    by_chance = (reference * prediction + (n - reference) * (n - prediction)) / n
    return (agreed - by_chance) / (n - by_chance) if by_chance < n else nan


METRIC = VoxelMetric(
    name="cohen_kappa",
    title="Cohen's kappa",
    definition="(p_o - p_e) / (1 - p_e), of voxels",
    range=(-1.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Cohen J., Educational and Psychological Measurement 20(1):37-46, 1960",
    compute=cohen_kappa,
)
