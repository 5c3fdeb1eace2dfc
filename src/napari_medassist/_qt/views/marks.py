"""What is written over a view: name, slice, window, letters of the edges, scale bar, crosshair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_medassist._qt.views.link import Link
from napari_medassist.app.hanging.planes import ViewPlane

_TEXT, _SHADE = QColor(255, 220, 120), QColor(0, 0, 0, 200)
_CROSS, _CURSOR = QColor(80, 220, 120, 190), QColor(120, 200, 255)
_OUTLINE, _POINT = QColor(255, 255, 0), QColor(255, 176, 0)
_MARGIN, _GAP, _ARM = 6, 12, 5
_BARS_MM = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Sight:
    """How a view looks into the patient.

    Parameters
    ----------
    plane
        Its plane.
    centre_lps
        What lies in its middle, LPS mm.
    zoom
        Pixels a millimetre.
    width, height
        Its size in pixels.
    foot
        Height of what covers its lower edge, pixels: marks keep above it.
    """

    plane: ViewPlane
    centre_lps: NDArray[np.float64]
    zoom: float
    width: int
    height: int
    foot: int = 0

    def to_pixel(self, point_lps: NDArray[np.float64]) -> tuple[float, float]:
        """Return where a patient point is drawn, in pixels from the left and from above."""
        right, down, _ = (
            self.plane.from_lps(point_lps) - self.plane.from_lps(self.centre_lps)
        ).tolist()
        return right * self.zoom + self.width / 2, down * self.zoom + self.height / 2

    def to_lps(self, x: float, y: float, point_lps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the patient point under a pixel, in the slice of the linked point, LPS mm."""
        right, down, _ = self.plane.from_lps(self.centre_lps).tolist()
        depth = float(self.plane.from_lps(point_lps)[2])
        place = (
            right + (x - self.width / 2) / self.zoom,
            down + (y - self.height / 2) / self.zoom,
            depth,
        )
        return self.plane.to_lps(place)


def draw_marks(painter: QPainter, sight: Sight, link: Link, lines: list[str]) -> None:
    """Draw everything that lies over the image of a view."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    if link.has_crosshair:
        _cross(painter, sight, link)
    if link.cursor_lps is not None:
        _cursor(painter, *sight.to_pixel(link.cursor_lps))
    _letters(painter, sight, max(len(lines), 3))
    _scale_bar(painter, sight)
    line_height = painter.fontMetrics().height()
    for number, line in enumerate(lines):
        room = sight.width - 2 * _MARGIN
        shown = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room)
        _write(painter, shown, _MARGIN, _MARGIN + number * line_height)


def draw_points(
    painter: QPainter, sight: Sight, points: list[tuple[NDArray[np.float64], str]], radius_mm: float
) -> None:
    """Draw rings around patient points (LPS mm), each with its text."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    for point, text in points:
        x, y = sight.to_pixel(point)
        radius = radius_mm * sight.zoom
        painter.setPen(QPen(_POINT, 1.5))
        painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.drawText(QPointF(x + radius, y - radius), text)


def draw_outline(painter: QPainter, sight: Sight, points_lps: list[NDArray[np.float64]]) -> None:
    """Draw the outline that is being clicked."""
    painter.setPen(QPen(_OUTLINE, 1.5))
    places = [QPointF(*sight.to_pixel(point)) for point in points_lps]
    for place in places[:1]:
        painter.drawEllipse(place, _ARM / 2, _ARM / 2)
    for start, end in pairwise(places):
        painter.drawLine(start, end)


def _cross(painter: QPainter, sight: Sight, link: Link) -> None:
    """Draw the crosshair with a gap in its middle: what it points at stays free."""
    x, y = sight.to_pixel(link.point_lps)
    painter.setPen(QPen(_CROSS, 1))
    for start, end in (
        ((0, y), (x - _GAP, y)),
        ((x + _GAP, y), (sight.width, y)),
        ((x, 0), (x, y - _GAP)),
        ((x, y + _GAP), (x, sight.height)),
    ):
        painter.drawLine(QPointF(*start), QPointF(*end))


def _cursor(painter: QPainter, x: float, y: float) -> None:
    painter.setPen(QPen(_CURSOR, 1))
    painter.drawLine(QPointF(x - _ARM, y), QPointF(x + _ARM, y))
    painter.drawLine(QPointF(x, y - _ARM), QPointF(x, y + _ARM))


def _letters(painter: QPainter, sight: Sight, n_lines: int) -> None:
    """Write the letters of the edges, the upper one below the lines in the corner."""
    left, right, up, down = sight.plane.edge_letters()
    metrics = painter.fontMetrics()
    middle_x, middle_y = sight.width / 2, (sight.height - metrics.height()) / 2 - metrics.height()
    below = sight.height - sight.foot - metrics.height() - _MARGIN
    _write(painter, left, _MARGIN, middle_y)
    _write(painter, right, sight.width - metrics.horizontalAdvance(right) - _MARGIN, middle_y)
    _write(painter, up, middle_x + _ARM, (n_lines + 1) * metrics.height())
    _write(painter, down, middle_x + _ARM, below)


def _scale_bar(painter: QPainter, sight: Sight) -> None:
    """Draw the longest of some round lengths that takes no more than a quarter of the width."""
    fitting = [mm for mm in _BARS_MM if mm * sight.zoom <= sight.width / 4]
    if not fitting:
        return
    length, bottom = fitting[-1] * sight.zoom, sight.height - sight.foot - _MARGIN
    painter.fillRect(QRectF(_MARGIN - 1, bottom - 4, length + 2, 4), _SHADE)
    painter.fillRect(QRectF(_MARGIN, bottom - 3, length, 2), _TEXT)
    _write(painter, f"{fitting[-1]} mm", _MARGIN, bottom - 5 - painter.fontMetrics().height())


def _write(painter: QPainter, text: str, x: float, y: float) -> None:
    base = y + painter.fontMetrics().ascent()
    painter.setPen(_SHADE)
    painter.drawText(QPointF(x + 1, base + 1), text)
    painter.setPen(_TEXT)
    painter.drawText(QPointF(x, base), text)
