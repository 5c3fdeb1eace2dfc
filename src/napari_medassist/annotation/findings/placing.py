"""In which sectors a lesion lies, from a map of the zones; see docs/concepts/sector-map.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_medassist.annotation.findings.gland import GlandFrame, frame_of
from napari_medassist.annotation.findings.sector_picture import PZ_ENDS_DEG
from napari_medassist.annotation.findings.sectors import LEVELS, Level
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float
from napari_medassist.core.labels import LabelMap

#: A voxel of a lesion takes the zone of the nearest voxel of the gland, if it is no farther than this.
REACH_MM = 5.0
#: A sector is named if it holds so much of the lesion; more are, until they hold half of it together.
NAMED_SHARE, TOLD_SHARE = 0.2, 0.5
#: A lesion of which so much lies on either side is called midline.
MIDLINE_SHARE = 0.25
_SURE_SHARE, _NOT_SURE_SHARE = 0.7, 0.4
_SLAB_MM = 3.0
_WORDS = (
    ("PZ", r"peripheral|\bpz\b"),
    ("TZ", r"transition|\btz\b"),
    ("CZ", r"central|\bcz\b"),
    ("AS", r"stroma|\bafs\b|\bafms\b|\bas\b"),
    ("SV", r"seminal|\bsv\b"),
    ("US", r"sphincter|urethra|\bus\b"),
)
_GLAND = ("PZ", "TZ", "CZ", "AS")


@dataclass(frozen=True)
class Placed:
    """Where a lesion lies in the prostate.

    Parameters
    ----------
    sectors
        (key, share of the lesion 0..1) of the sectors that are named, the largest first.
    side
        ``left``, ``right`` or ``midline`` of the gland; empty if it lies outside.
    certainty
        ``high``, ``fair`` or ``low``.
    notes
        What the reader should know, in sentences.
    """

    sectors: tuple[tuple[str, float], ...] = ()
    side: str = ""
    certainty: str = "low"
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of the sectors."""
        return tuple(key for key, _ in self.sectors)


@dataclass(frozen=True, eq=False)
class ZonedGland:
    """The voxels of a gland with their zones, ready to be asked.

    Use :func:`zoned_gland`.
    """

    frame: GlandFrame
    points_own_mm: Float
    zones: np.ndarray
    zone_names: tuple[str, ...]
    notes: tuple[str, ...]
    _tree: cKDTree
    _slabs: Mapping[int, tuple[float, float, float]]

    def place(self, points_lps_mm: Float) -> Placed:
        """Return where a lesion lies.

        Parameters
        ----------
        points_lps_mm
            (n, 3): the centres of its voxels, LPS mm.
        """
        if not len(points_lps_mm):
            return Placed(notes=("The lesion has no voxels.",))
        own = self.frame.to_own(points_lps_mm)
        distance, near = self._tree.query(own)
        is_near = distance <= REACH_MM
        if not is_near.any():
            told = f"The lesion lies more than {REACH_MM:g} mm outside of the zone map."
            return Placed(notes=(told, *self.notes))
        keys = [self._sector(p, self.zone_names[self.zones[n]]) for p, n in
                zip(own[is_near], near[is_near], strict=True)]  # fmt: skip
        names, counts = np.unique(keys, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        shares = [(str(names[i]), float(counts[i] / len(own))) for i in order]
        notes = self._notes(float(is_near.mean()), float(distance.max()))
        return Placed(_named(shares), _side(own[is_near]), self._certainty(shares[0][1]), notes)

    def _sector(self, own_mm: Float, zone: str) -> str:
        side = "left" if own_mm[0] >= 0 else "right"
        if zone == "US":
            return "US"
        if zone == "SV":
            return f"{side}-SV"
        if zone == "CZ":
            return f"{side}-base-CZ"  # the standard has a central zone at the base only
        level = self.level(float(own_mm[2]))
        return f"{side}-{level}-{self._part(own_mm, zone)}"

    def level(self, head_mm: float) -> Level:
        """Return the third of the gland's extent along its long axis."""
        low, high = float(self.frame.low_mm[2]), float(self.frame.high_mm[2])
        third = int(3 * (high - head_mm) / max(high - low, 1e-6))
        return LEVELS[min(max(third, 0), 2)]

    def _part(self, own_mm: Float, zone: str) -> str:
        if zone == "AS":
            return "AS"
        half_width, front, back = self._slab_at(float(own_mm[2]))
        middle, half_depth = (front + back) / 2, max((back - front) / 2, 1e-6)
        behind = (own_mm[1] - middle) / half_depth
        if zone == "TZ":
            return "TZp" if behind >= 0 else "TZa"
        angle = np.degrees(np.arctan2(abs(own_mm[0]) / max(half_width, 1e-6), behind))
        if angle < PZ_ENDS_DEG["PZpm"]:
            return "PZpm"
        return "PZpl" if angle < PZ_ENDS_DEG["PZpl"] else "PZa"

    def _slab_at(self, head_mm: float) -> tuple[float, float, float]:
        wanted = int(np.floor(head_mm / _SLAB_MM))
        return self._slabs[min(self._slabs, key=lambda slab: abs(slab - wanted))]

    def _certainty(self, share: float) -> str:
        if share < _NOT_SURE_SHARE:
            return "low"
        return "high" if share >= _SURE_SHARE and self.frame.has_long_axis else "fair"

    def _notes(self, near_share: float, farthest_mm: float) -> tuple[str, ...]:
        told = list(self.notes)
        if near_share < 1:
            told.append(f"{1 - near_share:.0%} of the lesion lies outside of the zone map.")
        elif farthest_mm > _SLAB_MM:
            told.append(f"Part of the lesion lies up to {farthest_mm:.0f} mm outside of the zone map.")
        return tuple(told)


def zoned_gland(zones: LabelMap) -> ZonedGland:
    """Return a zone map in the gland's own axes.

    Parameters
    ----------
    zones
        The zones; the names of its labels say which is which. Without names 1 is taken for the
        peripheral and 2 for the transition zone, and that is told.

    Raises
    ------
    InvalidImage
        If no label is a zone of the prostate.
    """
    named, notes = zones_of(zones)
    array = np.asarray(zones.array)
    index = np.argwhere(array)
    names = tuple(dict.fromkeys(named.values()))
    zone_of = np.full(int(array.max()) + 1, -1)
    zone_of[list(named)] = [names.index(name) for name in named.values()]
    which = zone_of[array[tuple(index.T)]]
    index, which = index[which >= 0], which[which >= 0]
    points = zones.geometry.index_to_lps(index)
    is_gland = np.isin(which, [names.index(n) for n in names if n in _GLAND])
    frame = frame_of(points[is_gland])
    own = frame.to_own(points)
    missing = [n for n in ("CZ", "AS") if n not in names]
    if missing:
        words = {"CZ": "central zone", "AS": "anterior stroma"}
        told = " and no ".join(words[n] for n in missing)
        notes = (*notes, f"The zone map has no {told}: such sectors are never chosen by themselves.")
    if not frame.has_long_axis:
        told = "The gland has no clear long axis: base and apex are told along the patient's."
        notes = (*notes, told)
    return ZonedGland(frame, own, which, names, notes, cKDTree(own), _slabs(own[is_gland]))


def zones_of(zones: LabelMap) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return which value is which zone, and what had to be assumed.

    Raises
    ------
    InvalidImage
        If no label is a zone of the prostate.
    """
    values = zones.values()
    found = {}
    for value in values:
        words = re.sub(r"[\s_.\-]+", " ", zones.scheme.get(value).name).lower()
        zone = next((name for name, pattern in _WORDS if re.search(pattern, words)), None)
        if zone is not None:
            found[value] = zone
    if any(zone in _GLAND for zone in found.values()):
        return found, ()
    if values and set(values) <= {1, 2}:
        told = "The zones have no names: 1 is taken for the peripheral, 2 for the transition zone."
        return {v: ("PZ", "TZ")[v - 1] for v in values}, (told,)
    raise InvalidImage(
        f"No label of '{zones.name}' is named as a zone of the prostate.",
        cure="Name its labels, e.g. 'peripheral zone' and 'transition zone' (a label scheme).",
    )


def _slabs(own: Float) -> dict[int, tuple[float, float, float]]:
    """Return for each slab across the long axis: half the width, the front and the back, in mm."""
    slab = np.floor(own[:, 2] / _SLAB_MM).astype(int)
    found = {}
    for number in np.unique(slab):
        part = own[slab == number]
        half_width = float(np.abs(part[:, 0]).max())
        found[int(number)] = (half_width, float(part[:, 1].min()), float(part[:, 1].max()))
    return found


def _named(shares: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Return the sectors that are named: a lesion spread over many is not told by one of them alone."""
    named: list[tuple[str, float]] = []
    for key, share in shares:
        if share < NAMED_SHARE and sum(s for _, s in named) >= TOLD_SHARE:
            break
        named.append((key, share))
    return tuple(named)


def _side(own: Float) -> str:
    left = float((own[:, 0] >= 0).mean())
    if MIDLINE_SHARE <= left <= 1 - MIDLINE_SHARE:
        return "midline"
    return "left" if left > 0.5 else "right"
