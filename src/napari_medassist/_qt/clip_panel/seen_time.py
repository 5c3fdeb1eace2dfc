"""The part of a clip's time that a time line shows."""

from __future__ import annotations

EDGE_PX = 6
_LEAST_S = 0.2
#: A step along the time is this part of what is seen.
_STEP = 0.15


class SeenTime:
    """From when to when is seen.

    Attributes
    ----------
    from_s, to_s
        Seconds of the clip.
    """

    def __init__(self) -> None:
        self._length_s = 1.0
        self.from_s, self.to_s = 0.0, 1.0

    def show_length(self, length_s: float) -> None:
        """Show a clip of this length, whole."""
        self._length_s = length_s or 1.0
        self.show_all()

    def show_all(self) -> None:
        """Show the whole clip."""
        self.from_s, self.to_s = 0.0, self._length_s

    def x_of(self, seconds: float, width_px: int) -> float:
        """Return where a time lies, in pixels from the left."""
        share = (seconds - self.from_s) / (self.to_s - self.from_s)
        return EDGE_PX + share * (width_px - 2 * EDGE_PX)

    def time_at(self, x_px: float, width_px: int) -> float:
        """Return the time at a place, in pixels from the left."""
        share = (x_px - EDGE_PX) / max(1, width_px - 2 * EDGE_PX)
        return self.from_s + share * (self.to_s - self.from_s)

    def zoom(self, factor: float, x_px: float, width_px: int) -> None:
        """Show ``factor`` times as much time; what lies at a place stays there."""
        fixed = min(max(self.time_at(x_px, width_px), self.from_s), self.to_s)
        span = min(max((self.to_s - self.from_s) * factor, _LEAST_S), self._length_s)
        share = (fixed - self.from_s) / (self.to_s - self.from_s)
        self._show_from(fixed - share * span, span)

    def go_along(self, steps: float) -> None:
        """Go later by so many steps, or earlier."""
        span = self.to_s - self.from_s
        self._show_from(self.from_s + steps * _STEP * span, span)

    def follow(self, seconds: float) -> None:
        """Show another part, as long as this one, if a time lies outside."""
        if not self.from_s <= seconds <= self.to_s:
            span = self.to_s - self.from_s
            self._show_from(seconds - span * _STEP, span)

    def _show_from(self, from_s: float, span_s: float) -> None:
        self.from_s = min(max(from_s, 0.0), self._length_s - span_s)
        self.to_s = self.from_s + span_s
