"""Small plots as SVG text, legible on a light and on a dark page. No plotting library is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

#: Told apart with the common colour-vision deficiencies (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 34, 48
INK = "#808080"

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A title, the range that is shown, and where numbers stand; ``scale`` bends it, e.g. log10."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    scale: Callable[[float], float] = float

    def share(self, value: float) -> float:
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(value) - low) / (high - low)


def scatter(x: Axis, y: Axis, groups: Mapping[str, Sequence[Point]]) -> str:
    """Return a plot of points, a colour a group."""
    marks = []
    for colour, points in zip(COLOURS, groups.values(), strict=False):
        dots = "".join(f'<circle cx="{_x(x, a):.1f}" cy="{_y(y, b):.1f}" r="3"/>' for a, b in points)
        marks.append(f'<g fill="{colour}" fill-opacity="0.6">{dots}</g>')
    return _page(x, y, list(groups), marks)


def lines(x: Axis, y: Axis, groups: Mapping[str, Sequence[Point]]) -> str:
    """Return a plot of lines, a colour a group."""
    marks = []
    for colour, points in zip(COLOURS, groups.values(), strict=False):
        path = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in points)
        marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
    return _page(x, y, list(groups), marks)


def stacked_bars(x: Axis, y: Axis, edges: Sequence[float], groups: Mapping[str, Sequence[int]]) -> str:
    """Return bars between edges, the groups one on the other."""
    marks, below = [], [0] * (len(edges) - 1)
    for colour, heights in zip(COLOURS, groups.values(), strict=False):
        for i, height in enumerate(heights):
            left, right = _x(x, edges[i]) + 1, _x(x, edges[i + 1]) - 1
            top, foot = _y(y, below[i] + height), _y(y, below[i])
            marks.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
                f'height="{foot - top:.1f}" fill="{colour}"/>'
            )
            below[i] += height
    return _page(x, y, list(groups), marks)


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _page(x: Axis, y: Axis, names: Sequence[str], marks: Sequence[str]) -> str:
    frame = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        f'  font-family="sans-serif" font-size="13" fill="{INK}">',
        *(_tick_x(x, t) for t in x.ticks),
        *(_tick_y(y, t) for t in y.ticks),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x.title, "middle"),
        f'<g transform="rotate(-90 16 {HEIGHT / 2})">{_text(16, HEIGHT / 2, y.title, "middle")}</g>',
    ]
    return "\n".join([*frame, *marks, *_legend(names), "</svg>", ""])


def _tick_x(axis: Axis, value: float) -> str:
    at, foot = _x(axis, value), HEIGHT - BOTTOM
    rule = f'<path d="M{at:.1f} {foot}V{TOP}" stroke="{INK}" stroke-opacity="0.25"/>'
    return rule + _text(at, foot + 18, f"{value:g}", "middle")


def _tick_y(axis: Axis, value: float) -> str:
    at = _y(axis, value)
    rule = f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-opacity="0.25"/>'
    return rule + _text(LEFT - 6, at + 4, f"{value:g}", "end")


def _legend(names: Sequence[str]) -> list[str]:
    entries, at = [], float(LEFT)
    for colour, name in zip(COLOURS, names, strict=False):
        entries.append(f'<rect x="{at}" y="10" width="12" height="12" fill="{colour}"/>')
        entries.append(_text(at + 17, 21, name, "start"))
        at += 34 + 7 * len(name)
    return entries


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
