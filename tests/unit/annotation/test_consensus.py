"""Consensus against SimpleITK and votes counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.annotation.consensus import adjudicated, consensus, seen_lesions
from napari_medassist.cli.main import main
from napari_medassist.core.errors import GeometryMismatch, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import read_labels, write

GRID = Geometry((6, 20, 20), (3, 0.5, 0.5))


def reader(*boxes: tuple[int, int, int, int]) -> LabelMap:
    array = np.zeros(GRID.shape_zyx, np.uint8)
    for value, x_from, x_to, z in boxes:
        array[z, 5:12, x_from:x_to] = value
    return LabelMap(array, GRID)


A = reader((1, 2, 8, 2), (2, 14, 18, 4))
B = reader((1, 3, 9, 2))
C = reader((1, 3, 8, 2), (2, 15, 18, 4))


@pytest.mark.parametrize(
    ("method", "n_first", "n_second"),
    [("union", 49, 28), ("intersection", 35, 0), ("majority", 35, 21)],
)
def test_votes_are_counted(method, n_first, n_second):
    found = consensus([A, B, C], method).labels.array
    assert (found == 1).sum() == n_first
    assert (found == 2).sum() == n_second


def test_a_tie_is_background_and_told():
    found = consensus([A, B], "majority")
    assert (found.labels.array == 1).sum() == 5 * 7
    assert found.n_tied == (2 + 4) * 7


def test_two_labels_with_equal_support_are_a_tie():
    one, two = reader((1, 2, 8, 2)), reader((2, 2, 8, 2))
    assert consensus([one, one, two, two], "majority").n_tied == 42
    assert consensus([one, two], "union").labels.values() == (1,)
    assert consensus([one, two], "union").n_tied == 42


def test_staple_is_that_of_simpleitk():
    rng = np.random.default_rng(7)
    truth = np.zeros(GRID.shape_zyx, bool)
    truth[1:5, 5:15, 5:15] = True
    readers = [
        LabelMap((truth ^ (rng.random(truth.shape) < p)).astype(np.uint8), GRID)
        for p in (0.05, 0.1, 0.2)
    ]
    found = consensus(readers, "staple")
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(1)
    theirs = sitk.GetArrayFromImage(
        staple.Execute([sitk.GetImageFromArray(np.asarray(r.array)) for r in readers])
    )
    np.testing.assert_array_equal(found.labels.array == 1, theirs > 0.5)
    np.testing.assert_allclose(found.sensitivity[1], staple.GetSensitivity())
    best = max(np.mean((np.asarray(r.array) == 1) == truth) for r in readers)
    assert np.mean((found.labels.array == 1) == truth) > best


def test_maps_on_other_grids_and_single_readers_are_refused():
    other = LabelMap(np.asarray(A.array), Geometry(GRID.shape_zyx, (3, 0.6, 0.5)))
    with pytest.raises(GeometryMismatch, match="reader 2"):
        consensus([A, other])
    with pytest.raises(InvalidSetting, match="two readers"):
        consensus([A])


def test_adjudication_takes_each_lesion_from_the_chosen_reader():
    lesions = seen_lesions([A, B, C])
    assert [(lesion.value, lesion.readers) for lesion in lesions] == [(1, (0, 1, 2)), (2, (0, 2))]
    assert lesions[0].voxels == (42, 42, 35)
    result = adjudicated([A, B, C], lesions, {1: 1, 2: 2}).array
    np.testing.assert_array_equal(
        result, np.asarray(B.array) + np.where(np.asarray(C.array) == 2, 2, 0)
    )
    assert (adjudicated([A, B, C], lesions, {1: 1, 2: None}).array == B.array).all()
    with pytest.raises(InvalidSetting, match="Reader 2 has no outline of lesion 2"):
        adjudicated([A, B, C], lesions, {1: 0, 2: 1})
    with pytest.raises(InvalidSetting, match="not decided"):
        adjudicated([A, B, C], lesions, {1: 0})


def test_the_shell_writes_it(tmp_path, capsys):
    paths = [
        write(labels, tmp_path / f"{n}.nii.gz") for n, labels in zip("abc", (A, B, C), strict=True)
    ]
    out = tmp_path / "out.nii.gz"
    assert main(["consensus", *map(str, paths), "--method", "majority", "--out", str(out)]) == 0
    np.testing.assert_array_equal(read_labels(out).array, consensus([A, B, C], "majority").labels.array)
    assert "majority of 3 readers" in capsys.readouterr().out
    assert main(["consensus", str(paths[0]), "--out", str(tmp_path / "no.nii.gz")]) == 2
    assert not (tmp_path / "no.nii.gz").exists()
