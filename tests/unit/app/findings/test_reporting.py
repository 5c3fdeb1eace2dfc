"""The lesion table as DICOM SEG and SR, read by highdicom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from napari_medassist.annotation.findings.finding import Finding, Location
from napari_medassist.annotation.findings.parts import LesionRule, lesions_in
from napari_medassist.annotation.findings.template_reading import built_in_templates
from napari_medassist.app.findings.measures import measure_all
from napari_medassist.app.findings.reporting import evaluations_of, reported, write_dicom
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.errors import InvalidSetting, UnsupportedFormat
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import read
from tests.dicom_programs import errors_of
from tests.unit.io.dicom.derived.studies import labels_on, study

PIRADS = next(t for t in built_in_templates() if t.name == "prostate-pirads")


def _store(labels: LabelMap, rule: LesionRule = LesionRule.LABEL) -> FindingStore:
    store = FindingStore()
    voxels = np.asarray(labels.array)
    store.add(lesions_in(voxels, labels.geometry, rule), "labels", PIRADS.name, {})
    store.take_measures(measure_all(store.findings(), {"labels": labels}, None, None))
    return store


def test_highdicom_reads_sizes_scores_and_sector(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    store = _store(labels)
    first, second = (f.id for f in store.findings())
    for name, value in (("criteria", "TZ"), ("t2", "3"), ("dwi", "5"), ("dce", "-"), ("category", "3")):
        store.set_field(first, name, name, value)
    store.set_location(first, Location(("left-apex-TZp", "left-mid-TZp"), "left", by_reader=True))
    case = read(tmp_path / "study")
    written = write_dicom(store, PIRADS, "labels", labels, case, tmp_path / "lesions.dcm")
    assert written.notes == (
        "Lesion 1: only its first sector is written.",
        "Lesion 2 has no PI-RADS category of the reader.",
    )
    assert written.segmentation == tmp_path / "lesions.seg.dcm"
    groups = hd.sr.srread(written.report).content.get_volumetric_roi_measurement_groups()
    assert len(groups) == 2
    numbers = {m.name.meaning: m.value for m in groups[0].get_measurements()}
    measured = store.measures[first]
    assert numbers["Volume"] == pytest.approx(measured.volume_ml, rel=1e-6)
    assert numbers["Long Axis"] == pytest.approx(measured.axial_mm, rel=1e-6)
    told = {e.name.value: e.value.value for e in groups[0].get_qualitative_evaluations()}
    assert told == {
        "130560": "RID50298",  # the reader's 3, not the rule's 4
        "130561": "RID50310",
        "130562": "RID50318",
        "130563": "RID50320",
    }
    assert [s.value.value for s in groups[0].finding_sites] == ["716933002"]
    assert groups[1].get_qualitative_evaluations() == []
    mask = hd.seg.segread(written.segmentation).get_volume(combine_segments=True).array
    assert np.count_nonzero(mask) == np.count_nonzero(np.asarray(labels.array))
    assert errors_of(written.report) == []
    assert second


def test_codes_of_the_t2_scores_are_those_of_dicom() -> None:
    for zone, cid in (("PZ", 6329), ("TZ", 6330)):
        known = {
            code: entry[0]
            for name in cid_concepts[cid]["RADLEX"]
            for code, entry in concepts["RADLEX"][name].items()
        }
        found = {}
        for score in ("1", "2", "3", "4", "5", "X"):
            finding = Finding("a", 1, template=PIRADS.name, fields={"criteria": zone, "t2": score})
            ((_, code),) = evaluations_of(finding, PIRADS)
            found[code.value] = code.meaning
        assert found == known


def test_what_cannot_be_reported_is_told(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    store = _store(labels)
    with pytest.raises(UnsupportedFormat, match="as CSV"):
        write_dicom(store, PIRADS, "labels", labels, None, tmp_path / "a.dcm")
    with pytest.raises(InvalidSetting, match="another label map"):
        reported(store, PIRADS, "other")
    first, second = store.findings()
    store.take_measures({first.id: replace(store.measures[first.id], is_gone=True)})
    found, notes = reported(store, PIRADS, "labels")
    assert len(found) == 1
    assert "Lesion 1 is left out: its mask has no voxels." in notes
    store.mark_stale("labels")
    with pytest.raises(InvalidSetting, match="still being measured"):
        reported(store, PIRADS, "labels")
    with pytest.raises(InvalidSetting, match="part of a label"):
        reported(_store(labels, LesionRule.PART), PIRADS, "labels")
    assert second
    assert not (tmp_path / "a.sr.dcm").exists()
