"""Lesions of a label map that no finding stands for yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.parts import Lesion, LesionRule, is_in, lesions_in
from napari_medassist.core.labels import LabelMap


def new_lesions(
    findings: Sequence[Finding], map_key: str, labels: LabelMap, rule: LesionRule
) -> tuple[Lesion, ...]:
    """Return the lesions of a map that are not in the table.

    Parameters
    ----------
    findings
        The table.
    map_key
        The map's key.
    labels
        The map.
    rule
        What counts as one lesion.
    """
    voxels, grid = np.asarray(labels.array), labels.geometry
    known = [f for f in findings if f.map_key == map_key]
    return tuple(
        lesion
        for lesion in lesions_in(voxels, grid, rule)
        if not any(is_in(f, lesion, voxels, grid) for f in known)
    )
