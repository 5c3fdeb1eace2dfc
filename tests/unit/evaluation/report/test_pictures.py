"""Slices, outlines and the picture made of them."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from napari_medassist.core.results import LesionVerdict
from napari_medassist.evaluation.case import Comparison, compare
from napari_medassist.evaluation.report.drawing import svg_of
from napari_medassist.evaluation.report.outlines import outlines, svg_path
from napari_medassist.evaluation.report.slices import view_of, worst_slice

SPACING = (3.0, 0.5, 0.5)


def area(corners: list[tuple[int, int]]) -> float:
    """Signed area of a polygon (y down: clockwise is positive)."""
    x, y = np.array(corners).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_outlines_enclose_as_many_pixels_as_the_mask_has(mask: np.ndarray) -> None:
    polygons = outlines(mask)
    assert sum(area(corners) for corners in polygons) == mask.sum()
    assert bool(polygons) == bool(mask.any())


def test_a_hole_turns_the_other_way() -> None:
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    assert sorted(area(corners) for corners in outlines(ring)) == [-1.0, 9.0]


def test_paths_are_in_mm() -> None:
    assert svg_path(outlines(np.ones((1, 2), dtype=bool)), (2.0, 0.5)) == "M0 0 1 0 1 2 0 2Z"


@pytest.fixture
def comparison() -> Comparison:
    """A found lesion on the right, a missed one on the left (x grows toward left), a false one."""
    reference = np.zeros((8, 200, 240), dtype=np.uint8)
    prediction = np.zeros_like(reference)
    reference[1:3, 90:100, 60:70] = 1
    prediction[1:3, 91:101, 60:70] = 1
    reference[4:6, 90:110, 160:170] = 1
    reference[6, 95:100, 160:165] = 1
    prediction[4, 60:64, 100:104] = 1
    return compare(reference, prediction, SPACING)


def test_the_worst_slice_is_where_the_largest_error_is_largest(comparison: Comparison) -> None:
    assert worst_slice(comparison) == 4


def test_without_an_error_it_is_where_the_masks_differ_most() -> None:
    reference = np.zeros((6, 20, 20), dtype=np.uint8)
    reference[1:5, 5:10, 5:10] = 1
    prediction = reference.copy()
    prediction[3, 5:15, 5:10] = 1
    assert worst_slice(compare(reference, prediction, SPACING)) == 3
    empty = np.zeros_like(reference)
    assert worst_slice(compare(empty, empty, SPACING)) is None


def test_the_view_is_cropped_around_the_lesions_and_never_leaves_the_image(
    comparison: Comparison,
) -> None:
    view = view_of(comparison, 4, SPACING[1:])
    assert (view.z, view.n_slices) == (4, 8)
    assert view.shape_yx == (140, 140)
    verdicts = sorted(shape.verdict for shape in view.shapes)
    assert verdicts == [LesionVerdict.FALSE, LesionVerdict.MISSED]
    assert all(shape.mask.shape == view.shape_yx for shape in view.shapes)
    assert {shape.verdict: int(shape.mask.sum()) for shape in view.shapes} == {
        LesionVerdict.MISSED: 200,
        LesionVerdict.FALSE: 16,
    }
    small = compare(np.ones((2, 9, 9), np.uint8), np.zeros((2, 9, 9), np.uint8), SPACING)
    assert view_of(small, 0, SPACING[1:]).shape_yx == (9, 9)


def test_left_of_the_patient_is_on_the_right_of_the_picture(comparison: Comparison) -> None:
    svg = svg_of(view_of(comparison, 4, SPACING[1:]), "A case")
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    x_of = {word: float(x) for x, word in re.findall(r'<text x="([\d.]+)"[^>]*>(\w+)<', svg)}
    assert x_of["R"] < 0.1 * width < 0.9 * width < x_of["L"]
    assert x_of["missed"] > x_of["false"]  # the missed lesion lies toward the patient's left
    y_of = {word: float(y) for y, word in re.findall(r' y="([\d.]+)"[^>]*>(\w)<', svg)}
    assert y_of["A"] < y_of["P"]


def test_the_scale_bar_is_as_long_as_it_says(comparison: Comparison) -> None:
    svg = svg_of(view_of(comparison, 4, SPACING[1:]), "A case")
    told = re.search(r">(\d+) mm<", svg)
    drawn = re.search(r'class="bar" d="M[\d.]+ [\d.]+h([\d.]+)"', svg)
    assert told
    assert drawn
    assert told[1] == drawn[1] == "20"
    assert 'viewBox="0 0 70 70"' in svg


def test_sides_and_verdicts_look_different(comparison: Comparison) -> None:
    svg = svg_of(view_of(comparison, 1, SPACING[1:]), "A <case> & more")
    assert svg.count('class="solid"') == 1
    assert svg.count('class="dashed"') == 1
    assert "A &lt;case&gt; &amp; more" in svg
    assert "#009e73" in svg
    missed = svg_of(view_of(comparison, 4, SPACING[1:]), "")
    assert "#d55e00" in missed
    assert "#f0e442" in missed


def test_the_image_lies_below_pixel_by_pixel(comparison: Comparison) -> None:
    grey = np.arange(200 * 240, dtype=np.int64).reshape(200, 240) % 251
    view = view_of(comparison, 4, SPACING[1:], grey=grey.astype(np.uint8))
    svg = svg_of(view, "")
    encoded = re.search(r"base64,([^\"]+)", svg)
    assert encoded
    shown = np.asarray(Image.open(BytesIO(base64.b64decode(encoded[1]))))
    assert view.grey is not None
    assert np.array_equal(shown, view.grey)
    assert "fill-opacity" not in svg


def test_zones_lie_below_where_there_is_no_image(comparison: Comparison) -> None:
    zones = np.zeros((200, 240), dtype=np.uint8)
    zones[50:120, 60:180], zones[70:100, 90:150] = 1, 2
    view = view_of(comparison, 4, SPACING[1:], zones=zones)
    encoded = re.search(r"base64,([^\"]+)", svg_of(view, ""))
    assert encoded
    shown = np.asarray(Image.open(BytesIO(base64.b64decode(encoded[1]))))
    assert len(np.unique(shown)) == 3
