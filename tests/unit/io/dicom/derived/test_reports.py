"""Measurement reports, written, read, and checked by other programs."""

from __future__ import annotations

import csv
from pathlib import Path

import highdicom as hd
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from napari_medassist.core.errors import InvalidImage, UnsupportedFormat
from napari_medassist.io.dicom.derived.measurements import (
    MeasuredFinding,
    quantities_of,
    write_table,
)
from napari_medassist.io.dicom.derived.report_reading import read_report
from napari_medassist.io.dicom.derived.report_writing import pi_rads_evaluation, write_report
from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation
from napari_medassist.io.dicom.derived.source_series import SourceSeries, find_source
from napari_medassist.io.files import read
from tests.dicom_programs import dump, errors_of
from tests.unit.io.dicom.derived.studies import labels_on, study

FINDING = MeasuredFinding(
    "index lesion",
    label_value=3,
    quantities=quantities_of(
        volume_ml=0.81, longest_axial_diameter_mm=12.5, longest_diameter_3d_mm=14.25, mean_adc_um2_s=712
    ),
    evaluations=(pi_rads_evaluation(4),),
)


@pytest.fixture
def source(tmp_path: Path) -> SourceSeries:
    labels = labels_on(study(tmp_path / "study"))
    source = find_source(labels, [tmp_path / "study"])
    write_segmentation(labels, source, tmp_path / "study" / "seg.dcm")
    return source


def test_a_report_says_what_was_measured(tmp_path: Path, source: SourceSeries) -> None:
    seg, path = tmp_path / "study" / "seg.dcm", tmp_path / "study" / "sr.dcm"
    write_report([FINDING], source, seg, path)
    (found,) = read_report(path).findings
    assert [q.value for q in found.quantities] == [0.81, 12.5, 14.25, 712]
    assert [q.unit.value for q in found.quantities] == ["ml", "mm", "mm", "um2/s"]
    assert found.pi_rads() == 4
    assert found.segment_number == 1
    assert found.segmentation_uid == dcmread(seg).SOPInstanceUID
    assert found.tracking_uid == dcmread(seg).SegmentSequence[0].TrackingUID
    assert any("1 measured finding" in w for w in read(tmp_path / "study").warnings)


def test_highdicom_and_others_read_the_report(tmp_path: Path, source: SourceSeries) -> None:
    path = tmp_path / "sr.dcm"
    write_report([FINDING], source, tmp_path / "study" / "seg.dcm", path)
    (group,) = hd.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    assert [m.value for m in group.get_measurements()] == [0.81, 12.5, 14.25, 712]
    assert group.tracking_identifier == "index lesion"
    assert errors_of(path) == []
    assert "PI-RADS 4 - High (lesion)" in dump(path)


def test_a_finding_without_segment_or_with_a_false_category_is_refused(
    tmp_path: Path, source: SourceSeries
) -> None:
    seg = tmp_path / "study" / "seg.dcm"
    with pytest.raises(InvalidImage, match="has no segment"):
        write_report([MeasuredFinding("other", label_value=5)], source, seg, tmp_path / "sr.dcm")
    with pytest.raises(InvalidImage, match="1 to 5"):
        pi_rads_evaluation(6)
    assert not (tmp_path / "sr.dcm").exists()


def test_a_report_of_another_template_is_told() -> None:
    path = get_testdata_file("reportsi.dcm")
    with pytest.raises(UnsupportedFormat, match="no measurement report"):
        read_report(Path(str(path)))


def test_the_table_holds_every_number(tmp_path: Path) -> None:
    write_table([FINDING], tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows[:4]] == [0.81, 12.5, 14.25, 712]
    assert rows[4]["value"] == "PI-RADS 4 - High (lesion)"
