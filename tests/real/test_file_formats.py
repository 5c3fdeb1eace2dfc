"""Real NIfTI and NRRD volumes lie where SimpleITK puts them, and label maps come back there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, label_map_of
from napari_medassist.core.orientation import lps_from_ras
from napari_medassist.core.progress import silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.format import FORMATS

pytestmark = pytest.mark.real

FOLDERS = ("ct", "mr", "registration", "prostatex/labels")
TOLERANCE_MM = 1e-4
QFORM_TOLERANCE_MM = 0.005
N_COHORT_FILES = 30
#: Each label map is written as NIfTI and as one of these in turn.
OTHER_ENDINGS = (".nrrd", ".seg.nrrd", ".mha")


@pytest.fixture(scope="module")
def volume_files(real_data: Path) -> list[Path]:
    """Every volume of the folders, and label maps from all over the cohort."""
    found = [p for folder in FOLDERS for p in sorted((real_data / folder).rglob("*")) if _is_ours(p)]
    cohort = sorted((real_data / "picai_labels").rglob("*.nii.gz"))
    assert len(found) > 20
    return found + cohort[:: len(cohort) // N_COHORT_FILES][:N_COHORT_FILES]


def test_random_voxels_lie_where_simpleitk_puts_them(volume_files: list[Path]) -> None:
    random = np.random.default_rng(0)
    for path in volume_files:
        volume = _read(path)
        truth = SimpleITK.ReadImage(str(path))
        values = SimpleITK.GetArrayViewFromImage(truth)
        canonical = np.asarray(volume.array)
        for index in random.integers(0, canonical.shape, size=(20, canonical.ndim)):
            time = [float(t) for t in index[:-3]]
            position = volume.geometry.index_to_lps(index[-3:])
            index_xyz = truth.TransformPhysicalPointToIndex([*position.tolist(), *time])
            there = truth.TransformIndexToPhysicalPoint(index_xyz)
            np.testing.assert_allclose(there[:3], position, atol=TOLERANCE_MM, err_msg=str(path))
            assert canonical[tuple(index)] == values[index_xyz[::-1]], path


def test_labels_come_back_to_their_place(
    volume_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_medassist.io.atomic.os.fsync", lambda _fd: None)
    label_files = [p for p in volume_files if _is_label_file(p)]
    assert len(label_files) > N_COHORT_FILES
    for number, path in enumerate(label_files):
        image = _read(path)
        if image.n_timepoints > 1:
            continue  # DeepReg keeps three structures along a fourth axis
        labels = label_map_of(image)
        for ending in (".nii.gz", OTHER_ENDINGS[number % 3]):
            written = tmp_path / f"{path.name.partition('.')[0]}{ending}"
            _writer(ending)(labels, written)
            _require_same_as_simpleitk(labels, path, written)
            if ending == ".nii.gz":
                _require_same_as_nibabel(labels, written)
            written.unlink()


def _require_same_as_simpleitk(labels: LabelMap, source: Path, written: Path) -> None:
    first, again = SimpleITK.ReadImage(str(source)), SimpleITK.ReadImage(str(written))
    np.testing.assert_array_equal(
        SimpleITK.GetArrayViewFromImage(again), SimpleITK.GetArrayViewFromImage(first)
    )
    corners_xyz = np.argwhere(np.ones((2, 2, 2))) * (np.asarray(first.GetSize()) - 1)
    for corner in corners_xyz.tolist():
        there = again.TransformIndexToPhysicalPoint(corner)
        assert (
            np.abs(np.subtract(there, first.TransformIndexToPhysicalPoint(corner))).max() < TOLERANCE_MM
        ), source


def _require_same_as_nibabel(labels: LabelMap, written: Path) -> None:
    image = nib.load(written)
    grid = labels.source_grid.geometry
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels.stored_array().transpose())
    matrices = [image.get_sform(coded=True), image.get_qform(coded=True)]
    assert matrices[0][1] == 1, written
    for matrix, code in matrices:
        if code:  # the qform is left out where float32 cannot say the same (see nifti.write)
            there = Geometry.from_affine_lps(lps_from_ras(matrix), grid.shape_zyx)
            assert there.corner_distance_mm(grid) < QFORM_TOLERANCE_MM, written


def _is_ours(path: Path) -> bool:
    return path.name.endswith((".nii.gz", ".nrrd"))


def _is_label_file(path: Path) -> bool:
    words = ("label", "totalseg", "_seg", "picai_labels")
    return any(word in str(path) for word in words)


def _read(path: Path) -> Volume:
    spec = next(spec for spec in FORMATS if spec.claims_name(path))
    (volume,) = spec.read(path, silent).series
    assert isinstance(volume, Volume)
    return volume


def _writer(ending: str) -> Callable[[LabelMap, Path], None]:
    (spec,) = (spec for spec in FORMATS if ending in spec.extensions)
    assert spec.write is not None
    return spec.write
