"""Our own drawing of the sectors: outlines in a unit plane, for a window or a file to draw.

Three axial cuts, base, mid-gland and apex, as a radiologist sees them: the patient's right is at the
left. Each cut is an ellipse of which the peripheral zone is the outer band behind, the transition zone
the core, the anterior stroma the cap in front, and at the base the central zone the wedge behind the
core. It is a diagram, not to scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin

from napari_medassist.annotation.findings.sectors import LEVELS, Level

Point = tuple[float, float]
#: Width and height of the whole picture, in its own units; y runs down.
SIZE = (330.0, 132.0)
#: Centre x, half width and half depth of each cut.
_CUTS: dict[Level, tuple[float, float, float]] = {
    "base": (55.0, 50.0, 40.0),
    "mid": (165.0, 50.0, 42.0),
    "apex": (275.0, 40.0, 36.0),
}
_MIDDLE_Y = 58.0
#: The core reaches so far of the outline, and it lies so far to the front (in half depths).
_CORE, _CORE_SHIFT = 0.62, 0.12
#: Angles from straight behind at which the parts of the peripheral zone end, in degrees.
PZ_ENDS_DEG = {"PZpm": 35.0, "PZpl": 90.0, "PZa": 140.0}
_CZ_ENDS_DEG = 52.0
_STEPS = 14


@dataclass(frozen=True)
class Shape:
    """One sector's outline.

    Parameters
    ----------
    key
        The sector.
    outline
        Corners (x, y) of a closed polygon in the units of ``SIZE``.
    """

    key: str
    outline: tuple[Point, ...]

    @property
    def middle(self) -> Point:
        """A point well within it, for its name."""
        n = len(self.outline)
        area = x = y = 0.0
        for i, (x0, y0) in enumerate(self.outline):
            x1, y1 = self.outline[(i + 1) % n]
            cross = x0 * y1 - x1 * y0
            area, x, y = area + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
        return x / (3 * area), y / (3 * area)

    def holds(self, point: Point) -> bool:
        """Tell whether a point lies within it: an odd number of its edges lies to the right."""
        x, y = point
        inside = False
        for i, (x0, y0) in enumerate(self.outline):
            x1, y1 = self.outline[i - 1]
            if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
                inside = not inside
        return inside


def shapes() -> tuple[Shape, ...]:
    """Return the outlines of all sectors; no two overlap."""
    found = [shape for level in LEVELS for shape in _cut(level)]
    return (*found, *_vesicles(), _sphincter())


def shape_at(point: Point) -> Shape | None:
    """Return the sector at a point of the picture, if there is one."""
    return next((shape for shape in shapes() if shape.holds(point)), None)


def labels() -> tuple[tuple[str, Point], ...]:
    """Return words of the picture and where their middle lies."""
    names = {"base": "Base", "mid": "Mid", "apex": "Apex"}
    cuts = tuple((names[level], (_CUTS[level][0], 7.0)) for level in LEVELS)
    return (*cuts, ("R", (4.0, _MIDDLE_Y)), ("L", (SIZE[0] - 4.0, _MIDDLE_Y)))


def _cut(level: Level) -> list[Shape]:
    found = []
    for side, sign in (("right", -1.0), ("left", 1.0)):
        start = 0.0
        for part, end in PZ_ENDS_DEG.items():
            band = (*_arc(level, sign, start, end, 1.0), *_arc(level, sign, end, start, _CORE))
            found.append(Shape(f"{side}-{level}-{part}", band))
            start = end
        cap = (*_arc(level, sign, start, 180.0, 1.0), *_arc(level, sign, 180.0, start, _CORE))
        found.append(Shape(f"{side}-{level}-AS", cap))
        found.extend(_core(level, side, sign))
    return found


def _core(level: Level, side: str, sign: float) -> list[Shape]:
    """Return the two or three parts of one half of the core."""
    centre = _core_centre(level)
    front = (centre, *_arc(level, sign, 90.0, 180.0, _CORE))
    if level != "base":
        back = (centre, *_arc(level, sign, 0.0, 90.0, _CORE))
        return [Shape(f"{side}-{level}-TZa", front), Shape(f"{side}-{level}-TZp", back)]
    wedge = (centre, *_arc(level, sign, 0.0, _CZ_ENDS_DEG, _CORE))
    back = (centre, *_arc(level, sign, _CZ_ENDS_DEG, 90.0, _CORE))
    return [
        Shape(f"{side}-base-TZa", front),
        Shape(f"{side}-base-TZp", back),
        Shape(f"{side}-base-CZ", wedge),
    ]


def _core_centre(level: Level) -> Point:
    x, _, depth = _CUTS[level]
    return x, _MIDDLE_Y - _CORE_SHIFT * depth


def _arc(level: Level, sign: float, start: float, end: float, scale: float) -> tuple[Point, ...]:
    """Return points on the outline (scale 1) or the core, from an angle to another, behind = 0."""
    x, width, depth = _CUTS[level]
    shift = 0.0 if scale == 1.0 else _CORE_SHIFT * depth
    angles = [radians(start + (end - start) * i / _STEPS) for i in range(_STEPS + 1)]
    return tuple(
        (x + sign * scale * width * sin(a), _MIDDLE_Y - shift + scale * depth * cos(a)) for a in angles
    )


def _vesicles() -> list[Shape]:
    x = _CUTS["base"][0]
    return [
        Shape(f"{side}-SV", _ellipse((x + sign * 24.0, 117.0), 22.0, 9.0))
        for side, sign in (("right", -1.0), ("left", 1.0))
    ]


def _sphincter() -> Shape:
    return Shape("US", _ellipse((_CUTS["apex"][0], 117.0), 13.0, 9.0))


def _ellipse(centre: Point, width: float, height: float) -> tuple[Point, ...]:
    n = 2 * _STEPS
    angles = [2 * pi * i / n for i in range(n)]
    return tuple((centre[0] + width * cos(a), centre[1] + height * sin(a)) for a in angles)
