"""Exports of label maps, and the sizes that reports state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from scipy.spatial.distance import pdist

from napari_medassist.app.exchange import export, kind_of, save, sizes_of
from napari_medassist.cli.main import main
from napari_medassist.core.errors import UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom.derived.report_reading import read_report
from napari_medassist.io.files import read, read_labels
from tests.unit.io.dicom.derived.studies import labels_on, study


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.DCM", "seg"),
        ("a.rtstruct.dcm", "rtstruct"),
        ("a.labelmap.dcm", "labelmap-seg"),
        ("a.nii.gz", "other"),
    ],
)
def test_the_name_says_what_a_file_is(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_saving_beside_dicom_images(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    case = read(tmp_path / "study")
    for name, modality in (("a.dcm", "SEG"), ("b.labelmap.dcm", "SEG"), ("c.rtstruct.dcm", "RTSTRUCT")):
        assert dcmread(save(labels, tmp_path / name, case)).Modality == modality
    assert save(labels, tmp_path / "d.nii.gz", case).exists()


def test_labels_without_dicom_images_are_refused(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    save(labels, tmp_path / "d.nii.gz", None)
    alone = read_labels(tmp_path / "d.nii.gz")
    with pytest.raises(UnsupportedFormat, match="NIfTI, NRRD or MetaImage"):
        save(alone, tmp_path / "a.dcm", None)
    with pytest.raises(UnsupportedFormat, match="--to seg first"):
        export(alone, tmp_path / "a.dcm", kind="sr", images=[tmp_path / "study"])


def test_sizes_by_hand() -> None:
    mask = np.zeros((3, 5, 5), bool)
    mask[0, 0, 0] = mask[0, 3, 4] = mask[2, 0, 0] = True
    sizes = sizes_of(mask, Geometry((3, 5, 5), (2.0, 1.0, 1.0)))
    assert sizes["volume_ml"] == pytest.approx(3 * 2 / 1000)
    assert sizes["longest_axial_diameter_mm"] == pytest.approx(5)
    assert sizes["longest_diameter_3d_mm"] == pytest.approx((4**2 + 3**2 + 4**2) ** 0.5)


def test_sizes_equal_all_distances() -> None:
    rng = np.random.default_rng(3)
    for part in (0.02, 0.2, 0.9):
        mask = rng.random((4, 7, 8)) < part
        mask[1, 2, 3] = True
        geometry = Geometry(mask.shape, (3.0, 0.5, 0.7))
        points = geometry.index_to_lps(np.argwhere(mask))
        expected = pdist(points).max() if len(points) > 1 else 0
        assert sizes_of(mask, geometry)["longest_diameter_3d_mm"] == pytest.approx(expected)


def test_one_voxel_has_no_diameter() -> None:
    mask = np.zeros((2, 2, 2), bool)
    mask[0, 0, 0] = True
    assert sizes_of(mask, Geometry((2, 2, 2), (1, 1, 1)))["longest_diameter_3d_mm"] == 0


def test_export_and_measurements_from_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = labels_on(study(tmp_path / "study"))
    save(labels, tmp_path / "labels.seg.nrrd", None)
    image = ["--image", str(tmp_path / "study")]
    for kind in ("seg", "labelmap-seg", "rtstruct"):
        out = tmp_path / f"{kind}.dcm"
        done = main(
            ["export", str(tmp_path / "labels.seg.nrrd"), *image, "--to", kind, "--out", str(out)]
        )
        assert done == 0
        assert out.exists()
    report = [
        "--to",
        "sr",
        "--out",
        str(tmp_path / "sr.dcm"),
        "--segmentation",
        str(tmp_path / "seg.dcm"),
    ]
    table = ["--table", str(tmp_path / "t.csv")]
    assert main(["export", str(tmp_path / "labels.seg.nrrd"), *image, *report, *table]) == 0
    assert len(read_report(tmp_path / "sr.dcm").findings) == 2
    capsys.readouterr()
    assert main(["measurements", str(tmp_path / "sr.dcm")]) == 0
    assert "longest three-dimensional diameter" in capsys.readouterr().out.lower()
    assert main(["export", str(tmp_path / "labels.seg.nrrd"), "--out", str(tmp_path / "x.dcm")]) == 2
    assert "--image" in capsys.readouterr().err


def test_share_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study(tmp_path / "study")
    to = ["--out", str(tmp_path / "out"), "--mapping", str(tmp_path / "map.json")]
    assert main(["share", str(tmp_path / "study"), *to]) == 0
    assert "Shared 5 files" in capsys.readouterr().out
