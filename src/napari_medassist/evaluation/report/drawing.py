"""A slice as an SVG: the image as PNG below, outlines above, with scale bar and directions."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.report.outlines import outlines, svg_path
from napari_medassist.evaluation.report.slices import LesionShape, SliceView
from napari_medassist.evaluation.verdict_map import VALUE_OF, VERDICT_SCHEME

#: Greys of the zones where no image lies below, by label value; further ones repeat.
_ZONE_GREYS = (58, 84, 70, 98)
_BACKGROUND = 26
_SCALE_BARS_MM = (200, 100, 50, 20, 10, 5, 2, 1)
#: (letter, x, y) within the picture, as shares: the view is from the feet, the nose up.
_DIRECTIONS = (("A", 0.5, 0.075), ("P", 0.5, 0.975), ("R", 0.035, 0.52), ("L", 0.965, 0.52))
_COLOURS = {label.value: label.colour for label in VERDICT_SCHEME.labels}


def svg_of(view: SliceView, description: str) -> str:
    """Draw a slice.

    Parameters
    ----------
    view
        What to draw. Reference lesions have solid outlines, predicted ones dashed; the colour tells
        the verdict, and a word at each error too.
    description
        Alternative text; it is escaped.

    Returns
    -------
    str
        An SVG element whose units are mm. Its size on the page is up to the page.
    """
    height, width = (n * mm for n, mm in zip(view.shape_yx, view.spacing_yx_mm, strict=True))
    unit = max(height, width) / 100
    drawn = sorted(view.shapes, key=lambda shape: shape.verdict.is_error)
    parts = [
        _opening(width, height, description),
        _picture(width, height, _ground(view)),
        *(_outline(shape, view, filled=view.grey is None) for shape in drawn),
        *(_word(shape, view, unit) for shape in drawn if shape.verdict.is_error),
        *(_letter(letter, x * width, y * height, unit) for letter, x, y in _DIRECTIONS),
        _scale_bar(width, height, unit),
        "</svg>",
    ]
    return "".join(parts)


def _opening(width: float, height: float, description: str) -> str:
    return (
        f'<svg class="slice" viewBox="0 0 {width:.4g} {height:.4g}" role="img" '
        f'aria-label="{_escaped(description)}">'
    )


def _picture(width: float, height: float, ground: NDArray[np.uint8]) -> str:
    size = f'width="{width:.4g}" height="{height:.4g}"'
    return f'<image {size} preserveAspectRatio="none" href="{png(ground)}"/>'


def png(grey: NDArray[np.uint8]) -> str:
    """Return a (y, x) picture as a data URI."""
    file = BytesIO()
    Image.fromarray(grey).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _ground(view: SliceView) -> NDArray[np.uint8]:
    """Return what lies below the outlines: the image, or else the zones."""
    if view.grey is not None:
        return np.ascontiguousarray(view.grey)
    ground = np.full(view.shape_yx, _BACKGROUND, dtype=np.uint8)
    if view.zones is not None:
        for value in np.unique(view.zones[view.zones > 0]).tolist():
            ground[view.zones == value] = _ZONE_GREYS[(value - 1) % len(_ZONE_GREYS)]
    return ground


def _colour(shape: LesionShape) -> str:
    return "#{:02x}{:02x}{:02x}".format(*_COLOURS[VALUE_OF[shape.verdict]])


def _outline(shape: LesionShape, view: SliceView, *, filled: bool) -> str:
    path = svg_path(outlines(shape.mask), view.spacing_yx_mm)
    style = "solid" if shape.side is Side.REFERENCE else "dashed"
    fill = f'fill="{_colour(shape)}" fill-opacity=".22"' if filled else 'fill="none"'
    return (
        f'<path class="halo" d="{path}"/>'
        f'<path class="{style}" d="{path}" stroke="{_colour(shape)}" {fill} fill-rule="evenodd"/>'
    )


def _word(shape: LesionShape, view: SliceView, unit: float) -> str:
    """Return the verdict beside a lesion, within the picture."""
    rows, columns = np.nonzero(shape.mask)
    height, width = view.shape_yx
    sy, sx = view.spacing_yx_mm
    below = (rows.max() + 1) * sy + 4.6 * unit
    y = below if below < height * sy - 6 * unit else rows.min() * sy - 1.6 * unit
    middle = float(columns.min() + columns.max() + 1) / 2 * sx
    x = min(max(middle, 9 * unit), width * sx - 9 * unit)
    return _text(shape.verdict.value, x, y, 4.2 * unit, _colour(shape))


def _letter(letter: str, x: float, y: float, unit: float) -> str:
    return _text(letter, x, y, 5 * unit, "#f4f4f4")


def _scale_bar(width: float, height: float, unit: float) -> str:
    length = next((mm for mm in _SCALE_BARS_MM if mm <= width / 3), 1)
    x, y = width - 4 * unit - length, height - 4 * unit
    bar = f'<path class="bar" d="M{x:.4g} {y:.4g}h{length:g}"/>'
    return bar + _text(f"{length:g} mm", x + length / 2, y - 1.8 * unit, 4.2 * unit, "#f4f4f4")


def _text(text: str, x: float, y: float, size: float, colour: str) -> str:
    return (
        f'<text x="{x:.4g}" y="{y:.4g}" font-size="{size:.3g}" fill="{colour}" '
        f'text-anchor="middle">{_escaped(text)}</text>'
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
