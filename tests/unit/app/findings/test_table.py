"""Rows, measures, CSV and the paragraph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.annotation.findings.parts import Lesion
from napari_medassist.annotation.findings.template import Template
from napari_medassist.annotation.findings.template_reading import built_in_templates
from napari_medassist.app.findings.exchange import as_csv, as_paragraph, read_csv, write_csv
from napari_medassist.app.findings.measures import (
    Measured,
    measure_all,
    measured_image,
    measured_image_title,
)
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.table import columns_of, rows_of, set_cell, sorted_rows, text_of
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting, WriteFailed
from napari_medassist.core.labels import LabelMap
from tests.phantoms import volume

TEMPLATES = {t.name: t for t in built_in_templates()}
PIRADS = TEMPLATES["prostate-pirads"]


def _store(template: Template = PIRADS) -> tuple[FindingStore, LabelMap]:
    labels = LabelMap.on(volume("t2w", spacing_zyx_mm=(3.0, 0.5, 0.5)))
    voxels = np.asarray(labels.array)
    voxels[1, 2:6, 2:5] = 1  # 4 x 3 voxels in one slice
    voxels[3, 10:12, 10:12] = 2
    store = FindingStore(reader=lambda: "R", clock=lambda: "now")
    store.add([Lesion(1, None, 12, 1), Lesion(2, None, 4, 1)], "labels", template.name, {1: "one"})
    return store, labels


def _text(store: FindingStore, row: int, column: str, template: Template = PIRADS) -> str:
    spec = next(c for c in columns_of(template) if c.name == column)
    return text_of(rows_of(store, template)[row], spec)


def test_measures_by_hand() -> None:
    store, labels = _store()
    adc = volume("adc", spacing_zyx_mm=(3.0, 0.5, 0.5), unit="um2/s")
    measures = measure_all(store.findings(), {"labels": labels}, adc, None)
    first = measures[store.findings()[0].id]
    assert first.volume_ml == pytest.approx(12 * 0.75 / 1000)
    assert first.axial_mm == pytest.approx(np.hypot(2.0, 1.5))
    assert first.diameter_3d_mm == pytest.approx(np.sqrt(2.0**2 + 1.5**2 + 3.0**2))
    # Voxels are numbered along x, then y, then z: the mean is that of the middle of the box.
    inside = [1 * 480 + y * 24 + x for y in range(2, 6) for x in range(2, 5)]
    assert first.mean == pytest.approx(np.mean(inside))
    assert first.placed is None
    assert measure_all(store.findings(), {}, adc, None) == {}
    voxels = np.asarray(labels.array)
    voxels[voxels == 2] = 0
    assert measure_all(store.findings(), {"labels": labels}, None, None)[store.findings()[1].id].is_gone


def test_which_image_is_measured() -> None:
    adc, ct = volume("adc", unit="um2/s"), volume("ct", modality="CT", unit="HU")
    assert measured_image(Case("c", (volume("t2w"), adc))) is adc
    assert measured_image(Case("c", (volume("t2w"),))) is None
    assert measured_image(None) is None
    assert measured_image_title(adc) == "ADC (µm²/s)"
    assert measured_image_title(None) == "Mean"
    del ct


def test_the_rule_stands_beside_the_reader_and_says_where_they_differ() -> None:
    store, _ = _store()
    row = rows_of(store, PIRADS)[0]
    for name, typed in (("criteria", "transition zone"), ("t2", "3"), ("dwi", "5"), ("category", "3")):
        column = next(c for c in columns_of(PIRADS) if c.name == name)
        assert set_cell(store, row, column, typed)
    assert _text(store, 0, "computed") == "4"
    assert _text(store, 0, "category") == "3"
    assert _text(store, 0, "criteria") == "TZ"
    assert "The reader's category is 3, the rule gives 4." in rows_of(store, PIRADS)[0].notes
    computed = next(c for c in columns_of(PIRADS) if c.name == "computed")
    assert not computed.is_editable
    with pytest.raises(InvalidSetting, match="computed"):
        set_cell(store, row, computed, "5")
    with pytest.raises(InvalidSetting, match="one of 1, 2, 3, 4, 5, X, not '6'"):
        set_cell(store, row, next(c for c in columns_of(PIRADS) if c.name == "t2"), "6")
    assert store.findings()[0].fields["t2"] == "3"


def test_notes_about_the_mask() -> None:
    store, _ = _store()
    a, b = (f.id for f in store.findings())
    store.take_measures({a: Measured(is_gone=True), b: Measured(n_parts=3, mean_note="Only 40%.")})
    first, second = rows_of(store, PIRADS)
    assert first.is_gone
    assert "no voxels any more" in first.notes[0]
    assert second.notes == (
        "Only 40%.", "Its label consists of 3 separate parts; all are measured.",
    )  # fmt: skip
    assert _text(store, 0, "volume_ml") == ""


def test_sorting_puts_numbers_in_order_and_empty_cells_last() -> None:
    store, _ = _store()
    store.add([Lesion(3, None, 1, 1)], "labels", PIRADS.name, {})
    a, b, _ = (f.id for f in store.findings())
    store.take_measures({a: Measured(10.0), b: Measured(9.5)})
    column = next(c for c in columns_of(PIRADS) if c.name == "volume_ml")
    rows = rows_of(store, PIRADS)
    up = sorted_rows(rows, column, descending=False)
    down = sorted_rows(rows, column, descending=True)
    assert [r.finding.number for r in up] == [2, 1, 3]
    assert [r.finding.number for r in down] == [1, 2, 3]
    assert [r.finding.number for r in sorted_rows(up, None, descending=False)] == [1, 2, 3]


def test_fields_of_another_template_are_kept_and_told() -> None:
    store, _ = _store()
    first = store.findings()[0].id
    store.set_field(first, "t2", "T2", "4")
    nodule = TEMPLATES["ct-nodule"]
    row = rows_of(store, nodule)[0]
    assert "belong to the template 'prostate-pirads'" in row.notes[0]
    assert _text(store, 0, "density", nodule) == ""
    assert store.findings()[0].fields == {"t2": "4"}


def test_csv_there_and_back(tmp_path: Path) -> None:
    store, labels = _store()
    a, b = (f.id for f in store.findings())
    for name, value in (("criteria", "PZ"), ("t2", "2"), ("dwi", "3"), ("dce", "+")):
        store.set_field(a, name, name, value)
    store.set_text(b, "notes", 'two "quoted" words,\nand a line')
    store.take_measures(measure_all(store.findings(), {"labels": labels}, None, None))
    path = tmp_path / "lesions.csv"
    write_csv(store, PIRADS, path)
    header, first, *_ = path.read_text(encoding="utf-8").splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    assert cells["computed"] == "4"
    assert float(cells["volume_ml"]) == pytest.approx(0.009)
    assert cells["up_to_date"] == "yes"
    back = read_csv(path, tuple(TEMPLATES.values()), next_number=3)
    assert back.notes == ()
    for was, now in zip(store.findings(), back.findings, strict=True):
        assert now.number == was.number + 2
        assert now.id != was.id
        for name in ("name", "map_key", "label", "template", "fields", "notes", "created", "reader"):
            assert getattr(now, name) == getattr(was, name)


def test_csv_of_another_template_loses_nothing(tmp_path: Path) -> None:
    store, _ = _store()
    store.set_field(store.findings()[0].id, "t2", "T2", "4")
    path = tmp_path / "lesions.csv"
    write_csv(store, PIRADS, path)
    back = read_csv(path, (TEMPLATES["ultrasound"],), 1)
    assert back.findings[0].fields == {"t2": "4"}
    assert back.findings[0].template == "prostate-pirads"
    assert "'prostate-pirads' is not installed" in back.notes[0]
    # Shown under another template, and written again, it still has them.
    assert "t2" in as_csv(store, TEMPLATES["ultrasound"]).splitlines()[0].split(",")


def test_bad_tables_are_told_and_nothing_is_taken_over(tmp_path: Path) -> None:
    store, _ = _store()
    good = as_csv(store, PIRADS)
    path = tmp_path / "t.csv"
    known = tuple(TEMPLATES.values())
    path.write_text("case,dice\n1,0.9\n", encoding="utf-8")
    with pytest.raises(CorruptFile, match="no lesion table: the columns template, number"):
        read_csv(path, known, 1)
    path.write_text(good.replace(",labels,1,", ",labels,one,"), encoding="utf-8")
    with pytest.raises(CorruptFile, match="Line 2: the lesion cannot be understood"):
        read_csv(path, known, 1)
    path.write_text(good.replace("labels,2,", "labels,2,1 2,"), encoding="utf-8")
    with pytest.raises(CorruptFile, match="Line 3"):
        read_csv(path, known, 1)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_csv(path, known, 1)
    store.set_field(store.findings()[0].id, "t2", "T2", "4")
    path.write_text(as_csv(store, PIRADS).replace(",4,", ",7,", 1), encoding="utf-8")
    back = read_csv(path, known, 1)
    assert "'T2' is one of" in back.notes[0]
    with pytest.raises(WriteFailed):
        write_csv(store, PIRADS, tmp_path / "absent" / "t.csv")


def test_the_paragraph_says_what_is_known() -> None:
    store, labels = _store()
    a, _ = (f.id for f in store.findings())
    for name, value in (("criteria", "PZ"), ("dwi", "3"), ("dce", "+")):
        store.set_field(a, name, name, value)
    store.take_measures(measure_all(store.findings(), {"labels": labels}, None, None))
    first, second = as_paragraph(store, PIRADS).splitlines()
    assert first.startswith("Lesion 1 (one); 2 mm axial, 4 mm in 3D, 0.01 ml; Zone: Peripheral zone")
    assert "by the rule PI-RADS 4, not confirmed by the reader" in first
    assert second == "Lesion 2; 1 mm axial, 3 mm in 3D, 0.00 ml."
