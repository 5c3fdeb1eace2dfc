"""Real labels through DICOM objects and back, read by other programs too."""

from __future__ import annotations

import shutil
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread

from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation
from napari_medassist.io.dicom.derived.source_series import find_source
from napari_medassist.io.dicom.derived.structure_set_writing import write_structure_set
from napari_medassist.io.files import read, read_labels
from napari_medassist.io.sharing.profile import SharingOptions
from napari_medassist.io.sharing.share import share
from tests.dicom_programs import dump, errors_of

pytestmark = pytest.mark.real
LABELS = ("ProstateX-0000_human", "ProstateX-0000_zones_Yuan23", "ProstateX-0000_zones_HeviAI23")


@pytest.mark.parametrize("name", LABELS)
def test_oblique_prostate_labels_come_back_to_the_voxel(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    prostatex = real_data / "prostatex"
    labels = read_labels(prostatex / "labels" / f"{name}.nii.gz")
    source = find_source(labels, [prostatex / "ProstateX-0000"])
    study = tmp_path / "study"
    shutil.copytree(prostatex / "ProstateX-0000", study)
    write_segmentation(labels, source, study / "binary.dcm")
    write_segmentation(labels, source, study / "map.dcm", kind="labelmap")
    write_structure_set(labels, source, study / "rt.dcm")
    case = read(study)
    assert not case.warnings
    assert len(case.labels) == 3
    t2w = case.by_role("t2w")
    for found in case.labels:
        np.testing.assert_array_equal(np.asarray(found.array), np.asarray(labels.array))
        assert found.geometry.corner_distance_mm(t2w.geometry) < 1e-4
    assert errors_of(study / "binary.dcm") == []
    assert errors_of(study / "rt.dcm") == []
    assert "LabelmapSegmentation" in dump(study / "map.dcm") or "66.7" in dump(study / "map.dcm")
    _require_same_places(study / "binary.dcm", np.asarray(labels.array) > 0, t2w.geometry)


def _require_same_places(path: Path, mask: np.ndarray, geometry: object) -> None:
    volume = hd.seg.segread(path).get_volume(combine_segments=True)
    theirs = volume.map_indices_to_reference(np.argwhere(volume.array > 0))
    ours = geometry.index_to_lps(np.argwhere(mask))  # type: ignore[attr-defined]
    assert theirs.shape == ours.shape
    index = geometry.lps_to_index(theirs)  # type: ignore[attr-defined]
    assert np.abs(index - np.rint(index)).max() < 1e-4
    assert mask[tuple(np.rint(index).astype(int).T)].all()
    frames = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    assert np.count_nonzero(frames) == mask.sum()


def test_overlapping_segments_of_a_ct_equal_their_masks(real_data: Path) -> None:
    folder = real_data / "ct" / "ct-3slice"
    case = read(folder)
    ct = case.reference_volume()
    assert ct is not None
    found = {m.name: m for m in case.labels}
    liver = np.asarray(found["Liver Segmentation"].array) > 0
    np.testing.assert_array_equal(liver, np.asarray(found["liver_seg"].array) > 0)
    assert found["Liver Segmentation"].geometry.is_same_grid(ct.geometry, tolerance_mm=1e-4)
    overlapping = dcmread(folder / "partial_overlaps.dcm")
    theirs = hd.seg.Segmentation.from_dataset(overlapping).get_volume(combine_segments=False)
    ours = {
        v: np.asarray(m.array) == v
        for m in case.labels
        if m.name.startswith("Segmentation (")
        for v in m.values()
    }
    assert sorted(ours) == [1, 2, 3, 4, 5]
    for value, mask in ours.items():
        places = theirs.map_indices_to_reference(np.argwhere(theirs.array[..., value - 1]))
        index = np.rint(ct.geometry.lps_to_index(places)).astype(int)
        expected = np.zeros_like(mask)
        expected[tuple(index.T)] = True
        np.testing.assert_array_equal(mask, expected)


def test_a_shared_study_holds_no_identifier_and_is_read_alike(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "prostatex" / "ProstateX-0218"
    options = SharingOptions(shift_dates=True)
    found = share(source, tmp_path / "out", tmp_path / "map.json", options=options)
    before, after = read(source), read(found.folder)
    assert [s.role for s in before.series] == [s.role for s in after.series]
    for old, new in zip(before.volumes(), after.volumes(), strict=True):
        assert old.geometry == new.geometry
        assert old.b_value_s_mm2 == new.b_value_s_mm2
        assert old.acquisition.times_s == new.acquisition.times_s
        np.testing.assert_array_equal(np.asarray(old.array), np.asarray(new.array))
    first = dcmread(next(p for p in source.rglob("*.dcm")))
    old_values = [str(first.PatientID), str(first.StudyInstanceUID), str(first.StudyDate)]
    for path in found.folder.rglob("*.dcm"):
        content = path.read_bytes()
        assert not [v for v in old_values if v.encode() in content]
