"""The outline of a mask as the path of an SVG picture."""

from __future__ import annotations

from napari_medassist.core.outlines import Corner, outlines

__all__ = ["Corner", "outlines", "svg_path"]


def svg_path(polygons: list[list[Corner]], spacing_yx_mm: tuple[float, float]) -> str:
    """Return polygons as the data of an SVG path, in mm."""
    sy, sx = spacing_yx_mm
    parts = []
    for corners in polygons:
        points = " ".join(f"{x * sx:.4g} {y * sy:.4g}" for x, y in corners)
        parts.append(f"M{points}Z")
    return "".join(parts)
