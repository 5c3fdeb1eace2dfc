"""A lesion as it is spoken of: found at the cursor, or made there, with what was said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.actions import FindingEdit
from napari_medassist.annotation.findings.finding import FieldValue, Finding, Location, new_id
from napari_medassist.annotation.findings.parts import stands_for
from napari_medassist.annotation.findings.placing import Placed
from napari_medassist.annotation.findings.sectors import BY_KEY, SECTORS, in_words
from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.findings.locating import side_of, with_place
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap
from napari_medassist.voice.desk import LesionWish

#: A lesion without a mask is the one at the cursor if it was made so near.
NEAR_MM = 5.0
_ZONES = {
    "PZ": "peripheral zone",
    "TZ": "transition zone",
    "CZ": "central zone",
    "AS": "anterior stroma",
}


@dataclass(frozen=True, eq=False)
class Hit:
    """A labelled voxel at the cursor.

    Attributes
    ----------
    map_key, label
        Its label map, and the value there.
    labels
        Returns the map.
    """

    map_key: str
    label: int
    labels: Callable[[], LabelMap]


def finding_at(
    store: FindingStore, point_lps_mm: NDArray[np.float64], hit: Hit | None
) -> Finding | None:
    """Return the finding at a point: whose mask is there, else one without a mask that is near."""
    if hit is not None:
        of_label = [f for f in store.findings() if (f.map_key, f.label) == (hit.map_key, hit.label)]
        return next((f for f in of_label if _is_at(f, hit, point_lps_mm)), None)
    near = [
        (float(np.linalg.norm(np.asarray(f.point_lps_mm) - point_lps_mm)), f)
        for f in store.findings()
        if f.point_lps_mm is not None
    ]
    distance, found = min(near, key=lambda pair: pair[0], default=(np.inf, None))
    return found if distance <= NEAR_MM else None


def describe(
    store: FindingStore,
    template: Template,
    wish: LesionWish,
    point_lps_mm: NDArray[np.float64],
    hit: Hit | None,
    placed: Placed | None = None,
) -> Finding:
    """Edit the lesion at a point, or make one there, as one step; return it.

    Parameters
    ----------
    store
        The findings.
    template
        Which fields they have.
    wish
        What was said; what was not said stays as it is.
    point_lps_mm
        The point, LPS (x, y, z) mm.
    hit
        The labelled voxel there.
    placed
        Where the point lies by a map of the zones: it narrows the sectors that were said.

    Raises
    ------
    InvalidSetting
        If no sector is so called, or a field cannot hold its value.
    """
    before = finding_at(store, point_lps_mm, hit)
    after = _new(store, template, point_lps_mm, hit) if before is None else before
    after = _with_fields(after, template, {**_criteria(template, wish), **wish.fields})
    location = location_of(wish, placed)
    if location is not None:
        after = replace(after, location=location)
    if before is not None:
        store.change(f"Lesion {after.number} by voice", after)
    else:
        title = f"Add lesion {after.number} by voice"
        store.perform(FindingEdit(title, after.id, None, after.to_plain()))
    return store.get(after.id)


def fill(store: FindingStore, template: Template, finding: str, fields: Mapping[str, str]) -> Finding:
    """Fill fields of a finding as one step; return it.

    Raises
    ------
    InvalidSetting
        If a field cannot hold its value.
    """
    after = _with_fields(store.get(finding), template, fields)
    store.change(f"Lesion {after.number} by voice", after)
    return store.get(finding)


def location_of(wish: LesionWish, placed: Placed | None = None) -> Location | None:
    """Return where a wish says that a lesion lies; None if it does not.

    Of several sectors that are so called, the one at the cursor counts if the zones tell it.

    Raises
    ------
    InvalidSetting
        If no sector is so called.
    """
    if wish.place:
        return with_place(wish.place)
    if not wish.zone:
        return None
    keys = tuple(
        sector.key
        for sector in SECTORS
        if sector.side == wish.side
        and sector.part.startswith(wish.zone)
        and wish.level in ("", sector.level)
    )
    if not keys:
        words = " ".join(w for w in (wish.side, wish.level, _ZONES.get(wish.zone, wish.zone)) if w)
        raise InvalidSetting(f"There is no sector '{words}'.", cure="The central zone is at the base.")
    here = [key for key in (() if placed is None else placed.keys) if key in keys]
    sectors = tuple(here) or keys
    return Location(sectors, side_of(sectors), by_reader=True)


def contradiction(wish: LesionWish, placed: Placed | None) -> str:
    """Say that the zones tell another side than was said; empty if they do not."""
    if placed is None or not wish.side or placed.side in ("", "midline", wish.side):
        return ""
    return f"By the zones the cursor lies on the {placed.side}, you said {wish.side}."


def told(finding: Finding, template: Template) -> str:
    """Return a finding in one line: number, category and other fields, location."""
    fields = [
        f"{field.title} {field.text(finding.fields[field.name])}"
        for field in template.fields
        if field.name in finding.fields and field.name != "criteria"
    ]
    where = _location_in_words(finding.location)
    return f"Lesion {finding.number}: {', '.join(w for w in (*fields, where) if w) or 'marked'}"


def _location_in_words(location: Location) -> str:
    """Return sectors as they were said where they are a whole zone, else one by one."""
    known = [BY_KEY[key] for key in location.sectors if key in BY_KEY]
    if len(known) < 2 or len(known) != len(location.sectors):
        return in_words(location.sectors)
    sides, levels = ({getattr(s, name) for s in known} for name in ("side", "level"))
    zones = {next((z for z in _ZONES if s.part.startswith(z)), s.part) for s in known}
    if len(sides) != 1 or len(zones) != 1:
        return in_words(location.sectors)
    level = next(iter(levels)) if len(levels) == 1 else ""
    [side], [zone] = sides, zones
    return " ".join(word for word in (side, level, _ZONES.get(zone, zone)) if word)


def _is_at(finding: Finding, hit: Hit, point_lps_mm: NDArray[np.float64]) -> bool:
    if finding.anchor_lps_mm is None:
        return True
    labels = hit.labels()
    return stands_for(finding, np.asarray(labels.array), labels.geometry, point_lps_mm)


def _criteria(template: Template, wish: LesionWish) -> Mapping[str, str]:
    is_scored = wish.zone in ("PZ", "TZ") and template.has("criteria")
    return {"criteria": wish.zone} if is_scored else {}


def _with_fields(finding: Finding, template: Template, fields: Mapping[str, str]) -> Finding:
    for name, text in fields.items():
        value: FieldValue | None = template.field(name).parse(text)
        finding = finding.with_field(name, value)
    return finding


def _new(
    store: FindingStore, template: Template, point_lps_mm: Sequence[float] | NDArray[np.float64],
    hit: Hit | None,
) -> Finding:  # fmt: skip
    x, y, z = (round(float(v), 3) for v in point_lps_mm)
    time = store.now()
    made = Finding(
        new_id(), store.next_number(), anchor_lps_mm=(x, y, z), template=template.name,
        reader=store.reader(), created=time, changed=time,
    )  # fmt: skip
    if hit is None:
        return made
    of_label = [f for f in store.findings() if (f.map_key, f.label) == (hit.map_key, hit.label)]
    # Where others are parts of the label, this one is too; else it is the whole of it.
    anchor = made.anchor_lps_mm if of_label else None
    return replace(made, map_key=hit.map_key, label=hit.label, anchor_lps_mm=anchor)
