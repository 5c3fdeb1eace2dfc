"""Maps written for ITK and read back: the same points, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
    inverse_of,
)
from napari_medassist.io.transform_files import read_transform, write_transform
from tests.strategies import oblique

GRID = Geometry((9, 14, 12), (3.0, 1.2, 0.9), (-12.0, 30.0, 5.0), oblique(np.eye(3), (14.0, -9.0, 6.0)))
TURN = AffineTransform.from_matrix(
    np.block([[oblique(np.eye(3), (3.0, -2.0, 4.0)), np.array([[1.0], [-2.0], [1.5]])], [0, 0, 0, 1]])
)
FIELD = DisplacementField(np.sin(GRID.voxel_places_lps_mm()[..., [1, 2, 0]] / 8.0), GRID)
POINTS = GRID.index_to_lps(np.random.default_rng(0).uniform(2, 6, (40, 3)))


@pytest.mark.parametrize(
    ("transform", "name"),
    [
        (TURN, "a.tfm"),
        (TURN, "a.txt"),
        (TURN, "a.h5"),
        (FIELD, "a.h5"),
        (CompositeTransform((FIELD, TURN)), "a.hdf5"),
        (CompositeTransform((TURN, TURN)), "a.tfm"),
    ],
)
def test_what_is_written_moves_the_same_points_in_itk_and_here(
    transform: Transform, name: str, tmp_path: Path
) -> None:
    path = write_transform(transform, tmp_path / name)
    expected = transform.transform_points(POINTS)
    theirs = sitk.ReadTransform(str(path))
    found = np.array([theirs.TransformPoint(p.tolist()) for p in POINTS])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(read_transform(path).transform_points(POINTS), expected, atol=1e-5)


@pytest.mark.parametrize(
    "theirs",
    [
        sitk.Euler3DTransform((1.0, 2.0, 3.0), 0.1, -0.2, 0.05, (4.0, -1.0, 2.0)),
        sitk.VersorRigid3DTransform((1.0, 0.0, 0.0), 0.3, (1.0, 2.0, 3.0), (5.0, 5.0, 5.0)),
        sitk.TranslationTransform(3, (1.0, 2.0, 3.0)),
        sitk.ScaleTransform(3, (1.1, 0.9, 1.0)),
    ],
    ids=lambda t: type(t).__name__,
)
def test_linear_transforms_of_itk_are_read(theirs: sitk.Transform, tmp_path: Path) -> None:
    sitk.WriteTransform(theirs, str(tmp_path / "t.tfm"))
    found = read_transform(tmp_path / "t.tfm")
    assert isinstance(found, AffineTransform)
    expected = np.array([theirs.TransformPoint(p.tolist()) for p in POINTS])
    np.testing.assert_allclose(found.transform_points(POINTS), expected, atol=1e-9)


def test_what_cannot_be_written_or_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="cannot be written in this format"):
        write_transform(TURN, tmp_path / "a.mat")
    with pytest.raises(UnsupportedFormat, match="too large for a text file"):
        write_transform(CompositeTransform((TURN, FIELD)), tmp_path / "a.tfm")
    with pytest.raises(UnsupportedFormat, match="no form of an inverse"):
        write_transform(inverse_of(FIELD), tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileProblem, match="no such file"):
        read_transform(tmp_path / "none.tfm")
    (tmp_path / "torn.tfm").write_text("#Insight Transform File V1.0\nTransform: Nonsense\n")
    with pytest.raises(CorruptFile, match="no transform that ITK reads"):
        read_transform(tmp_path / "torn.tfm")
    sitk.WriteTransform(sitk.TranslationTransform(2, (1.0, 2.0)), str(tmp_path / "flat.tfm"))
    with pytest.raises((UnsupportedFormat, CorruptFile)):
        read_transform(tmp_path / "flat.tfm")
    spline = sitk.BSplineTransform(3, 3)
    sitk.WriteTransform(spline, str(tmp_path / "spline.h5"))
    with pytest.raises(UnsupportedFormat, match="not read"):
        read_transform(tmp_path / "spline.h5")
