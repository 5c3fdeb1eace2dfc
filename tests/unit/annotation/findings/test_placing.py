"""Sectors of lesions whose place is known, on grids of every orientation."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.annotation.findings.gland import frame_of
from napari_medassist.annotation.findings.placing import zoned_gland, zones_of
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelScheme
from tests.strategies import ORIENTATIONS, oblique
from tests.unit.annotation.findings.zone_phantom import PLACES, lesion_points, zones

TURNED = oblique(np.eye(3), (-14.0, 7.0, 11.0))


def test_sectors_are_the_same_on_all_48_orientations() -> None:
    for number, direction in enumerate(ORIENTATIONS):
        turn = TURNED if number % 2 else np.eye(3)
        gland = zoned_gland(zones(direction, turn))
        for place, sector in PLACES.items():
            placed = gland.place(lesion_points(place, turn))
            assert placed.keys[0] == sector, (place, placed)
            assert placed.side == sector.split("-")[0]


def test_sectors_on_oblique_grids() -> None:
    for angles in ((18.0, 0.0, 0.0), (-9.0, 14.0, 20.0), (40.0, 10.0, -35.0)):
        gland = zoned_gland(zones(oblique(np.eye(3), angles), TURNED))
        for place, sector in PLACES.items():
            assert gland.place(lesion_points(place, TURNED)).keys[0] == sector


def test_the_glands_own_axes_are_found() -> None:
    found = zoned_gland(zones(np.eye(3), TURNED)).frame
    assert found.has_long_axis
    # Rows of the frame are left, back, head; so are the columns of the turn.
    angles = np.degrees(np.arccos(np.clip((found.axes * TURNED.T).sum(axis=1), -1, 1)))
    assert angles.max() < 4


def test_a_round_gland_keeps_the_axes_of_the_patient() -> None:
    steps = np.arange(-20.0, 21.0, 2.0)
    points = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    frame = frame_of(points[(points**2).sum(axis=1) <= 400] + [5, 6, 7])
    assert frame.tilt_deg < 1
    assert frame.centre_lps_mm == pytest.approx((5, 6, 7))


def test_a_lesion_over_the_midline_names_both_sides() -> None:
    gland = zoned_gland(zones(np.eye(3), np.eye(3)))
    placed = gland.place(lesion_points((0.0, 13.0, 0.0), np.eye(3)))
    assert placed.side == "midline"
    assert set(placed.keys) == {"left-mid-PZpm", "right-mid-PZpm"}
    assert placed.certainty == "fair"


def test_what_the_map_lacks_is_told() -> None:
    only_two = zones(np.eye(3), np.eye(3), {1: "PZ", 2: "TZ"})
    array = np.where(np.asarray(only_two.array) > 2, 1, np.asarray(only_two.array))
    gland = zoned_gland(only_two.with_changes(array=array))
    placed = gland.place(lesion_points((4.0, -14.0, 0.0), np.eye(3)))
    assert placed.keys[0] == "left-mid-PZa"
    assert "no central zone and no anterior stroma" in placed.notes[0]


def test_a_lesion_beyond_the_gland() -> None:
    gland = zoned_gland(zones(np.eye(3), np.eye(3)))
    beside = gland.place(lesion_points((26.0, 6.0, 0.0), np.eye(3)))
    assert beside.keys[0] == "left-mid-PZpl"
    far = gland.place(lesion_points((45.0, 0.0, 0.0), np.eye(3)))
    assert far.keys == ()
    assert "more than 5 mm outside" in far.notes[0]
    assert gland.place(np.zeros((0, 3))).keys == ()


def test_names_of_zones() -> None:
    unnamed = zones(np.eye(3), np.eye(3)).with_changes(scheme=LabelScheme())
    with pytest.raises(InvalidImage, match="No label of 'zones'"):
        zones_of(unnamed)
    two = unnamed.with_changes(array=np.minimum(np.asarray(unnamed.array), 2))
    found, notes = zones_of(two)
    assert found == {1: "PZ", 2: "TZ"}
    assert "have no names" in notes[0]
    with pytest.raises(InvalidImage):
        zones_of(unnamed.with_changes(array=np.zeros_like(np.asarray(unnamed.array))))


def test_a_lesion_over_many_sectors_is_not_told_by_one_alone() -> None:
    turn = np.eye(3)
    gland = zoned_gland(zones(turn, turn))
    places = [p for p in PLACES if "AS" not in PLACES[p]]
    placed = gland.place(np.concatenate([lesion_points(place, turn) for place in places]))
    shares = [share for _, share in placed.sectors]
    assert max(shares) < 0.2
    assert sum(shares) >= 0.5
    assert sum(shares[:-1]) < 0.5
    assert placed.certainty == "low"
