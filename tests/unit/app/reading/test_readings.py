"""Label maps by case and reader."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.reading.readings import Reading, Readings, folder_name
from napari_medassist.core.case import Case
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    InvalidSetting,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.labels import Label, LabelMap, LabelScheme
from tests.phantoms import oblique_case


@pytest.fixture
def case() -> Case:
    return oblique_case()


def lesion(case: Case) -> LabelMap:
    t2w = case.by_role("t2w")
    array = np.zeros(t2w.geometry.shape_zyx, np.uint8)  # type: ignore[union-attr]
    array[2:4, 3:6, 4:9] = 3
    scheme = LabelScheme((Label(3, "Läsion", (1, 2, 3)),))
    return LabelMap.on(t2w, array, name="mine", scheme=scheme)  # type: ignore[arg-type]


def test_what_is_saved_comes_back_on_the_grid_of_the_image(tmp_path: Path, case: Case) -> None:
    readings, labels = Readings(tmp_path / "readings"), lesion(case)
    second = labels.with_changes(name="more", array=(labels.array > 0).astype(np.uint8))
    place = readings.save(Reading("a/1", "Anna Ä.", (labels, second), {"f1": {"pi_rads": 4}}))
    assert place == tmp_path / "readings" / "a%2F1" / "Anna%20Ä%2E"
    found = readings.load("a/1", "Anna Ä.", case)
    assert found is not None
    assert found.findings == {"f1": {"pi_rads": 4}}
    assert [n.name for n in found.maps] == ["mine", "more"]
    np.testing.assert_array_equal(found.maps[0].array, labels.array)
    assert found.maps[0].geometry is case.by_role("t2w").geometry  # type: ignore[union-attr]
    assert found.maps[0].scheme == labels.scheme
    # nibabel: the voxels and the affine (RAS) of the file itself
    image = nib.load(place / "labels.nii.gz")
    volume = labels.geometry.voxel_volume_mm3 * np.count_nonzero(np.asarray(image.dataobj) == 3)
    assert volume == pytest.approx(30 * labels.geometry.voxel_volume_mm3)
    centre = np.argwhere(np.asarray(image.dataobj) == 3).mean(axis=0)
    lps = (image.affine @ [*centre, 1])[:3] * [-1, -1, 1]
    np.testing.assert_allclose(lps, labels.geometry.index_to_lps((2.5, 4, 6)), atol=1e-3)


def test_there_is_none_yet(tmp_path: Path) -> None:
    assert Readings(tmp_path).load("a", "Anna") is None
    assert not Readings(tmp_path).exists("a", "Anna")


def test_names_of_folders_stay_different() -> None:
    names = ["a/b", "a%2Fb", "a_b", "..", ".", "a.", "a", "a ", "CON:", "a\\b"]
    assert len({folder_name(n) for n in names}) == len(names)
    assert all("/" not in folder_name(n) and not folder_name(n).startswith(".") for n in names)
    with pytest.raises(InvalidSetting):
        folder_name("")


def test_another_reader_with_the_same_folder_is_not_overwritten(tmp_path: Path, case: Case) -> None:
    readings = Readings(tmp_path)
    place = readings.save(Reading("a", "Anna", (lesion(case),)))
    record = place / "reading.json"
    record.write_text(record.read_text().replace('"Anna"', '"anna"'))  # as on Windows
    with pytest.raises(WriteFailed, match="by 'anna' has this folder"):
        readings.save(Reading("a", "Anna", (lesion(case),)))


def test_damage_is_told(tmp_path: Path, case: Case) -> None:
    readings = Readings(tmp_path)
    place = readings.save(Reading("a", "Anna", (lesion(case),)))
    record = place / "reading.json"
    good = json.loads(record.read_text())
    for content, kind in (
        ({**good, "version": 2}, UnsupportedFormat),
        ({**good, "maps": [{}]}, CorruptFile),
        ({"a": 1}, CorruptFile),
    ):
        record.write_text(json.dumps(content))
        with pytest.raises(kind):
            readings.load("a", "Anna")
    record.write_text(json.dumps(good))
    (place / "labels.nii.gz").write_bytes(b"broken")
    with pytest.raises(FileProblem, match="cannot be read"):
        readings.load("a", "Anna")


def test_a_place_that_cannot_be_written(tmp_path: Path, case: Case) -> None:
    (tmp_path / "readings").write_text("")
    with pytest.raises(WriteFailed, match="cannot be kept here"):
        Readings(tmp_path / "readings").save(Reading("a", "Anna", (lesion(case),)))
