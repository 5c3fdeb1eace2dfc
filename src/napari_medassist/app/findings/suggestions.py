"""Candidates of a model in the lesion table: suggested, then accepted or rejected by the reader.

Suggested voxels lie in a label map of their own, which stays as it was made. Accepting copies them into
the reader's map, never over a voxel that is labelled there. So each voxel of an accepted lesion can be
told apart afterwards: suggested and kept, drawn by the reader, or suggested and not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.actions import Action, FindingEdit, Together
from napari_medassist.annotation.document import Plain, Voxels
from napari_medassist.annotation.findings.finding import Finding, new_id
from napari_medassist.annotation.findings.suggestion import Standing, Suggestion
from napari_medassist.annotation.map_about import about_map, scheme_of, source_of, with_label
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.annotation.voxel_edit import difference
from napari_medassist.app.annotating.labels import new_lesion
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import Label, LabelMap, LabelScheme, default_colour

#: What the reader's map is called where there is none to accept a suggestion into.
NEW_MAP = "Lesions"
#: Of a candidate with this share of decided voxels a reader has decided already.
_KNOWN_SHARE = 0.5


@dataclass(frozen=True)
class Suggested:
    """What suggesting has done.

    Parameters
    ----------
    ids
        The new findings, the surest first.
    n_decided
        Candidates that were left out: the reader has decided on them already.
    """

    ids: tuple[str, ...]
    n_decided: int


@dataclass(frozen=True)
class Accepted:
    """What accepting has done.

    Parameters
    ----------
    map_key, label
        Where the lesion is now.
    n_voxels
        Voxels that it has there.
    n_left
        Suggested voxels that had a label already; they stay as they were.
    """

    map_key: str
    label: int
    n_voxels: int
    n_left: int


@dataclass(frozen=True)
class Origin:
    """Where the voxels of an accepted lesion come from.

    Parameters
    ----------
    n_kept, n_added, n_removed
        Suggested and kept; drawn by the reader; suggested, but not in the lesion.
    """

    n_kept: int
    n_added: int
    n_removed: int


def is_suggested(about: Mapping[str, Plain]) -> bool:
    """Tell whether a label map of the document holds suggestions of a model."""
    return bool(about.get("suggested_by"))


def suggest(
    store: FindingStore, labels: LabelMap, confidences: tuple[float, ...], template: str
) -> Suggested:
    """Put candidates into the lesion table, with their map, as one step.

    What the same model suggested before and nobody has decided on gives way to them. A candidate of
    which half the voxels or more are a lesion of the reader's, or were rejected, is not asked again.

    Parameters
    ----------
    store
        The table.
    labels
        Candidates 1, 2, ...; the model stands in the provenance.
    confidences
        How sure the model is of each.
    template
        The template that their fields belong to.

    Raises
    ------
    InvalidSetting
        If there is no candidate, or the case is read-only.
    """
    by = labels.provenance.made_by.removeprefix("model ")
    if not confidences:
        raise InvalidSetting(f"{by} suggests no lesion.")
    array = np.array(labels.array)
    decided = _decided(store, labels)
    new = [k for k in range(1, len(confidences) + 1) if decided[array == k].mean() < _KNOWN_SHARE]
    if not new:
        return Suggested((), len(confidences))
    key = f"suggested:{uuid4().hex[:8]}"
    about = {
        **about_map(f"{by} suggestions", labels.scheme, labels.source_grid),
        "suggested_by": by,
        "made_with": [labels.provenance.software, *(list(d) for d in labels.provenance.details)],
    }
    title = f"Suggest {len(new)} lesion{'' if len(new) == 1 else 's'}"
    first, time = store.next_number(), store.now()
    findings = [
        Finding(
            id=new_id(),
            number=first + place,
            map_key=key,
            label=value,
            template=template,
            created=time,
            changed=time,
            suggestion=Suggestion(by, round(confidences[value - 1], 4), key, value),
        )
        for place, value in enumerate(new)
    ]
    edits = _withdrawn(store, by, title)
    edits.append(MapEdit.added(title, key, about, np.where(np.isin(array, new), array, 0)))
    edits += [FindingEdit(title, f.id, None, f.to_plain()) for f in findings]
    store.perform(Together(title, tuple(edits)))
    return Suggested(tuple(f.id for f in findings), len(confidences) - len(new))


def _decided(store: FindingStore, labels: LabelMap) -> NDArray[np.bool_]:
    """Return the voxels of the reader's lesions, and of suggestions that were rejected."""
    document, made = store.document, [f.suggestion for f in store.findings() if f.suggestion]
    grid = about_map("", LabelScheme(), labels.source_grid)["grid"]
    decided = np.zeros(labels.geometry.shape_zyx, dtype=bool)
    for key in _lesion_maps(store, grid):
        decided |= document.maps[key] > 0
    for one in made:
        about = document.about.get(one.map_key)
        if one.standing is Standing.REJECTED and about is not None and about["grid"] == grid:
            decided |= document.maps[one.map_key] == one.label
    return decided


def _withdrawn(store: FindingStore, by: str, title: str) -> list[Action]:
    """Return the edits that remove a model's open suggestions, and maps that only these were in."""
    document = store.document
    made = {f.id: f.suggestion for f in store.findings() if f.suggestion is not None}
    open_ = {i: s for i, s in made.items() if s.by == by and s.standing is Standing.OPEN}
    kept = {s.map_key for i, s in made.items() if i not in open_}
    edits: list[Action] = [FindingEdit(title, i, dict(document.findings[i]), None) for i in open_]
    empty = ({s.map_key for s in open_.values()} - kept) & set(document.maps)
    edits += [MapEdit.removed(title, k, document.about[k], document.maps[k]) for k in sorted(empty)]
    return edits


def accept(store: FindingStore, finding: str, preferred_key: str = "") -> Accepted:
    """Make a suggestion a lesion of the reader's, as one step.

    Its voxels are copied into the reader's map of lesions, with a value of their own; voxels that are
    labelled there are left as they are.

    Parameters
    ----------
    store
        The table.
    finding
        Id of an open or rejected suggestion.
    preferred_key
        The map that the reader works on; it is taken if it holds lesions and lies on the same grid.
        Else the first such map is, and a new one where there is none.

    Raises
    ------
    InvalidSetting
        If it is no suggestion, its map is gone, or all its voxels are labelled already.
    """
    before, made = _suggested(store, finding)
    document = store.document
    suggested = document.maps.get(made.map_key)
    if suggested is None:
        raise InvalidSetting("The map of these suggestions was removed.", cure="Undo that first.")
    mask = suggested == made.label
    key = _reader_map(store, made, preferred_key)
    title = f"Accept lesion {before.number}"
    edits: list[Action]
    if key:
        voxels, about = document.maps[key], document.about[key]
        is_free = mask & (voxels == 0)
        if not is_free.any():
            raise InvalidSetting(
                f"All voxels of the suggestion are labelled in '{about['name']}' already.",
                cure="Reject it, or take the label there into the table.",
            )
        label = _free_label(store, key)
        edits = _painted(title, key, about, voxels, is_free, label)
    else:
        key, label, is_free = f"new:{uuid4().hex[:8]}", 1, mask
        source = source_of(document.about[made.map_key])
        scheme = LabelScheme((_label(1),))
        edits = [MapEdit.added(title, key, about_map(NEW_MAP, scheme, source), mask.astype(np.uint8))]
    after = replace(
        before,
        map_key=key,
        label=label,
        reader=store.reader(),
        changed=store.now(),
        suggestion=replace(made, standing=Standing.ACCEPTED),
    )
    edits.append(FindingEdit(title, finding, dict(document.findings[finding]), after.to_plain()))
    store.perform(Together(title, tuple(edits)))
    n_voxels = int(np.count_nonzero(is_free))
    return Accepted(key, label, n_voxels, int(np.count_nonzero(mask)) - n_voxels)


def reject(store: FindingStore, finding: str) -> None:
    """Reject a suggestion that is open; it stays in the table, as one that was looked at.

    Raises
    ------
    InvalidSetting
        If it is no suggestion, or was accepted.
    """
    before, made = _suggested(store, finding)
    after = replace(before, suggestion=replace(made, standing=Standing.REJECTED))
    store.change(f"Reject lesion {before.number}", after)


def origin_of(store: FindingStore, finding: Finding) -> Origin | None:
    """Return where the voxels of an accepted lesion come from; None if that cannot be told."""
    made, maps = finding.suggestion, store.document.maps
    if made is None or made.standing is not Standing.ACCEPTED:
        return None
    suggested, own = maps.get(made.map_key), maps.get(finding.map_key)
    if suggested is None or own is None or suggested.shape != own.shape:
        return None
    was, now = suggested == made.label, own == finding.label
    return Origin(
        n_kept=int(np.count_nonzero(was & now)),
        n_added=int(np.count_nonzero(now & ~was)),
        n_removed=int(np.count_nonzero(was & ~now)),
    )


def _suggested(store: FindingStore, finding: str) -> tuple[Finding, Suggestion]:
    found = store.get(finding)
    if found.suggestion is None:
        raise InvalidSetting(f"Lesion {found.number} was not suggested by a model.")
    if found.suggestion.standing is Standing.ACCEPTED:
        raise InvalidSetting(f"Lesion {found.number} was accepted already.")
    return found, found.suggestion


def _reader_map(store: FindingStore, made: Suggestion, preferred_key: str) -> str:
    """Return the key of the map to accept into; empty if there is none that holds lesions."""
    fitting = _lesion_maps(store, store.document.about[made.map_key]["grid"])
    return preferred_key if preferred_key in fitting else next(iter(fitting), "")


def _lesion_maps(store: FindingStore, grid: Plain) -> tuple[str, ...]:
    """Return the keys of the reader's maps on a grid that hold lesions, or are called so."""
    with_lesions = {f.map_key for f in store.findings()}
    return tuple(
        key
        for key, about in store.document.about.items()
        if not is_suggested(about)
        and about["grid"] == grid
        and (key in with_lesions or "lesion" in str(about["name"]).casefold())
    )


def _free_label(store: FindingStore, key: str) -> int:
    """Return a value that no voxel, no name and no finding of a map has."""
    voxels, scheme = store.document.maps[key], scheme_of(store.document.about[key])
    used = {f.label for f in store.findings() if f.map_key == key and f.label > 0}
    label = new_lesion(voxels, scheme.completed(used))
    if label > np.iinfo(voxels.dtype).max:
        raise InvalidSetting("The label map has no value left for another lesion.")
    return label


def _painted(
    title: str, key: str, about: Mapping[str, Plain], voxels: Voxels, mask: Any, label: int
) -> list[Action]:
    """Return the edits that name a label and give it to the voxels of a mask."""
    changed = voxels.copy()
    changed[mask] = label
    edit = difference(title, key, voxels, changed)
    named = MapEdit(title, key, dict(about), with_label(about, _label(label)))
    return [named] if edit is None else [named, edit]


def _label(value: int) -> Label:
    return Label(value, f"Lesion {value}", default_colour(value))
