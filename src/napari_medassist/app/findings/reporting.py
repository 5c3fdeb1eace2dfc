"""The lesion table as a DICOM report: a segmentation of the lesions and a TID 1500 report on it.

What the standard has codes for is written coded: volume, diameters, mean ADC or HU; the reader's
PI-RADS category and scores (PS3.16 CID 6328 to 6332); the sector (CID 6304). The category that the rule
gives is not written: the report is the reader's. What has no code stays in the table and its CSV.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.sectors import BY_KEY
from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.exchange import dicom_images, export
from napari_medassist.app.findings.measures import Measured
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidSetting, UnsupportedFormat
from napari_medassist.core.labels import Code, LabelMap
from napari_medassist.io.dicom.derived.measurements import MeasuredFinding, quantities_of

_T2 = Code("DCM", "130561", "PI-RADS T2WI Lesion Assessment")
_WORDS = ("Very low", "Low", "Intermediate", "High", "Very high")
#: First RadLex number of the T2 scores in each zone (CID 6329, 6330), and that of "X".
_T2_NUMBERS = {"PZ": (50302, 50324), "TZ": (50308, 50325)}


@dataclass(frozen=True)
class Written:
    """What was written, and what could not be.

    Parameters
    ----------
    segmentation, report
        The two files.
    notes
        What the report leaves out, in sentences.
    """

    segmentation: Path
    report: Path
    notes: tuple[str, ...]


def write_dicom(
    store: FindingStore,
    template: Template,
    map_key: str,
    labels: LabelMap,
    case: Case | None,
    path: Path,
) -> Written:
    """Write the lesions of a label map as DICOM SEG and, on it, their report.

    Parameters
    ----------
    store, template
        The table.
    map_key, labels
        The label map, and its key.
    case
        The open case, whose images the files refer to.
    path
        ``NAME.dcm``; the files are called ``NAME.seg.dcm`` and ``NAME.sr.dcm``.

    Raises
    ------
    InvalidSetting
        If there is nothing to report, or measures are not up to date.
    UnsupportedFormat
        If the images are not DICOM.
    MedAssistError
        As the writers raise them.
    """
    findings, notes = reported(store, template, map_key)
    images, series = dicom_images(labels, case)
    if not images:
        raise UnsupportedFormat(
            "A DICOM report refers to DICOM images, and the lesions were not drawn on any.",
            path=path,
            cure="Export the table as CSV.",
        )
    stem = path.name.removesuffix(".dcm").removesuffix(".sr").removesuffix(".seg")
    segmentation, report = path.with_name(f"{stem}.seg.dcm"), path.with_name(f"{stem}.sr.dcm")
    export(labels, segmentation, kind="seg", images=images, series=series)
    export(
        labels, report, kind="sr", images=images, series=series, segmentation=segmentation,
        findings=findings,
    )  # fmt: skip
    return Written(segmentation, report, notes)


def reported(
    store: FindingStore, template: Template, map_key: str
) -> tuple[tuple[MeasuredFinding, ...], tuple[str, ...]]:
    """Return the findings of a label map as a report holds them, and what it leaves out.

    Raises
    ------
    InvalidSetting
        If there is nothing to report, or measures are not up to date.
    """
    found, notes = [], []
    for finding in store.findings():
        reason = _left_out(finding, store, map_key)
        if reason:
            notes.append(f"Lesion {finding.number} is left out: {reason}.")
            continue
        measured = store.measures[finding.id]
        found.append(_measured(finding, measured, store, template))
        if template.has("category") and "category" not in finding.fields:
            notes.append(f"Lesion {finding.number} has no PI-RADS category of the reader.")
        if len(store.location_of(finding).sectors) > 1:
            notes.append(f"Lesion {finding.number}: only its first sector is written.")
    if not found:
        raise InvalidSetting(" ".join(("There is no lesion to report.", *notes)))
    return tuple(found), tuple(notes)


def _left_out(finding: Finding, store: FindingStore, map_key: str) -> str:
    measured = store.measures.get(finding.id)
    if not finding.is_lesion and finding.suggestion is not None:
        return f"it is a suggestion ({finding.suggestion.standing})"
    if finding.map_key != map_key:
        return "it belongs to another label map"
    if measured is None or finding.id in store.stale:
        raise InvalidSetting(
            f"Lesion {finding.number} is still being measured.", cure="Try again in a moment."
        )
    if measured.is_gone:
        return "its mask has no voxels"
    if finding.anchor_lps_mm is not None:
        return "it is a part of a label, and a DICOM segment is a whole one; give it its own label"
    return ""


def _measured(
    finding: Finding, measured: Measured, store: FindingStore, template: Template
) -> MeasuredFinding:
    sectors = [BY_KEY[key] for key in store.location_of(finding).sectors if key in BY_KEY]
    return MeasuredFinding(
        tracking_id=finding.name or f"Lesion {finding.number}",
        quantities=quantities_of(
            volume_ml=measured.volume_ml,
            longest_axial_diameter_mm=measured.axial_mm,
            longest_diameter_3d_mm=measured.diameter_3d_mm,
            mean_adc_um2_s=measured.mean if measured.mean_unit == "um2/s" else None,
            mean_hu=measured.mean if measured.mean_unit == "HU" else None,
        ),
        evaluations=evaluations_of(finding, template),
        label_value=finding.label,
        site=sectors[0].code if sectors else None,
    )


def evaluations_of(finding: Finding, template: Template) -> tuple[tuple[Code, Code], ...]:
    """Return the coded judgements of a finding: name and value, where both have a code."""
    if finding.template != template.name:
        return ()
    found = []
    for field in template.fields:
        value = finding.fields.get(field.name)
        code = field.code_of(value)
        if field.code is not None and code is not None:
            found.append((field.code, code))
    if any(field.rule for field in template.fields):
        t2 = _t2_code(str(finding.fields.get("criteria", "")), str(finding.fields.get("t2", "")))
        found += [] if t2 is None else [(_T2, t2)]
    return tuple(found)


def _t2_code(zone: str, score: str) -> Code | None:
    if zone not in _T2_NUMBERS or not score:
        return None
    first, absent = _T2_NUMBERS[zone]
    if score == "X":
        return Code("RADLEX", f"RID{absent}", f"PI-RADS X - T2WI {zone} Inadequate or absent")
    number = int(score)
    meaning = f"PI-RADS {number} - T2WI {zone} {_WORDS[number - 1]}"
    return Code("RADLEX", f"RID{first + number - 1}", meaning)
