"""What becomes of a location when a reader clicks a sector or chooses a place."""

from __future__ import annotations

from napari_medassist.annotation.findings.finding import Location
from napari_medassist.annotation.findings.sectors import BY_KEY


def toggled(location: Location, key: str) -> Location:
    """Return a location with a sector added, or taken away if it was there; the reader's then."""
    has = key in location.sectors
    sectors = tuple(s for s in location.sectors if s != key) if has else (*location.sectors, key)
    return Location(sectors, side_of(sectors), by_reader=True)


def with_place(place: str) -> Location:
    """Return the location of an entry of a template's list; its words tell the side."""
    if not place:
        return Location()
    words = place.casefold().split()
    sides = [side for side in ("left", "right") if side in words]
    return Location((place,), sides[0] if len(sides) == 1 else "", by_reader=True)


def side_of(sectors: tuple[str, ...]) -> str:
    """Return the side that sectors lie on; ``midline`` if on both, or on the sphincter."""
    sides = {BY_KEY[key].side for key in sectors if key in BY_KEY}
    if not sides:
        return ""
    return next(iter(sides)) if len(sides) == 1 else "midline"
