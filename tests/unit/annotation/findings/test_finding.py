"""A finding and its plain form."""

from __future__ import annotations

import json

import pytest

from napari_medassist.annotation.findings.finding import Finding, Location
from napari_medassist.core.errors import InvalidSetting

FULL = Finding(
    "a1", 3, "Lesion", "labels", 2, (1.5, -2.0, 3.25), "prostate-pirads", {"t2": "4", "mm": 3.5},
    Location(("left-mid-PZpl", "left-mid-PZa"), "left", True), "see DCE", "R. Eader",
    "2026-01-02T03:04:05+00:00", "2026-01-02T03:05:00+00:00",
)  # fmt: skip


def test_through_json_and_back() -> None:
    plain = FULL.to_plain()
    assert Finding.from_plain("a1", json.loads(json.dumps(plain))) == FULL
    assert json.loads(json.dumps(plain)) == plain  # no tuple: an edit compares with what was stored


def test_a_short_mapping_is_enough() -> None:
    assert Finding.from_plain("b", {"number": 1}) == Finding("b", 1)


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({"number": 1, "version": 2}, "newer version"),
        ({}, "not understood"),
        ({"number": "one"}, "not understood"),
        ({"number": 1, "fields": {"t2": [4]}}, "not understood"),
        ({"number": 1, "anchor_lps_mm": [1, 2]}, "not understood"),
        ({"number": 1, "fields": 7}, "not understood"),
        ({"number": 0}, "number from 1"),
    ],
)
def test_what_is_no_finding(plain: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidSetting, match=told):
        Finding.from_plain("c", plain)


def test_a_field_is_set_and_emptied() -> None:
    assert FULL.with_field("t2", None).fields == {"mm": 3.5}
    assert FULL.with_field("dce", "+").fields == {"t2": "4", "mm": 3.5, "dce": "+"}
    assert FULL.fields == {"t2": "4", "mm": 3.5}
