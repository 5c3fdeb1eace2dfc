"""The sectors, their codes and their picture."""

from __future__ import annotations

import numpy as np
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from napari_medassist.annotation.findings.sector_picture import SIZE, shape_at, shapes
from napari_medassist.annotation.findings.sectors import BY_KEY, SECTORS, in_words


def test_the_sectors_are_those_of_dicom() -> None:
    """CID 6304, "Prostate Sector Anatomy from PI-RADS v2.1", as pydicom has it: all, and no other."""
    snomed = concepts["SCT"]
    known = {
        code: entry[0] for name in cid_concepts[6304]["SCT"] for code, entry in snomed[name].items()
    }
    assert {s.code.value: s.code.meaning for s in SECTORS} == known
    assert len(BY_KEY) == 41


def test_a_code_says_the_side_the_level_and_the_part_of_its_sector() -> None:
    levels = {"base": "basal", "mid": "middle", "apex": "apical", "": ""}
    words = {"PZ": "peripheral zone", "TZ": "transition zone", "CZ": "entral zone", "AS": "stroma"}
    for s in SECTORS:
        meaning = s.code.meaning.lower()
        assert s.side == "midline" or s.side in meaning
        assert s.part == "CZ" or levels[s.level] in meaning
        assert s.part in ("SV", "US") or words[s.part[:2]] in meaning
        if s.part in ("PZa", "TZa"):
            assert "anterior" in meaning
        if s.part in ("PZpm", "PZpl"):
            assert {"PZpm": "posteromedial", "PZpl": "posterolateral"}[s.part] in meaning


def test_words_of_a_report() -> None:
    assert in_words(("right-mid-PZpl", "left-SV", "US", "lingula")) == "R mid PZpl, L SV, US, lingula"


def test_each_sector_has_a_shape_and_none_overlap() -> None:
    drawn = shapes()
    assert {s.key for s in drawn} == set(BY_KEY)
    assert all(shape_at(s.middle).key == s.key for s in drawn)  # type: ignore[union-attr]
    places = [
        (float(x), float(y))
        for x in np.arange(0.37, SIZE[0], 5.0)
        for y in np.arange(0.41, SIZE[1], 3.0)
    ]
    for point in places:
        held = [s.key for s in drawn if s.holds(point)]
        assert len(held) <= 1, (point, held)


def test_the_patients_right_is_at_the_left_and_the_front_is_up() -> None:
    at = {s.key: s.middle for s in shapes()}
    for left in (s for s in SECTORS if s.side == "left"):
        assert at[left.key][0] > at[left.key.replace("left", "right")][0]
    for level in ("base", "mid", "apex"):
        order = ["AS", "TZa", "TZp", "PZpm"]
        heights = [at[f"left-{level}-{part}"][1] for part in order]
        assert heights == sorted(heights)
        assert at[f"left-{level}-PZpm"][0] < at[f"left-{level}-PZpl"][0]
