"""All the stacks of a study: series told apart, split, put in order, joined over time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from napari_medassist.core.errors import InconsistentSeries, InvalidGeometry
from napari_medassist.io.dicom.dynamic import join_dynamic
from napari_medassist.io.dicom.groups import Group, group_by_grid
from napari_medassist.io.dicom.splitting import Part, split
from napari_medassist.io.dicom.stacking import Stack, stack
from napari_medassist.io.dicom.study import Study


def stacks_of(study: Study) -> list[Stack]:
    """Put the planes of each series in order.

    A series with a broken file is left out as a whole; what is wrong is noted in the study.
    """
    stacks: list[Stack] = []
    study.problems += study.broken_series.values()
    for uid, planes in study.planes.items():
        if uid in study.broken_series:
            continue
        for group in group_by_grid(planes):
            for part in split(group.planes):
                found = study.attempt(part.planes[0].header.path, partial(_stack, group, part))
                stacks += [] if found is None else [found]
    return join_dynamic(stacks)


def _stack(group: Group, part: Part) -> Stack:
    try:
        found = stack(part)
    except (InconsistentSeries, InvalidGeometry) as problem:
        of_parts = f", part {group.part} of {group.n_parts}" if group.n_parts > 1 else ""
        raise type(problem)(
            f"Series '{part.title}'{of_parts}: {problem.message}",
            path=problem.path or part.planes[0].header.path.parent,
            cure=problem.cure or "Copy the series anew from its source.",
        ) from problem
    return replace(found, warnings=(*group.warnings, *found.warnings))
