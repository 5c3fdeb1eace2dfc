"""Measured findings become a DICOM structured report (TID 1500), checked as written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isclose
from pathlib import Path

import highdicom as hd
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from napari_medassist.core.errors import InvalidImage, WriteFailed
from napari_medassist.core.labels import Code
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.derived.checking import quiet_about_names
from napari_medassist.io.dicom.derived.concepts import coded
from napari_medassist.io.dicom.derived.measurements import MeasuredFinding
from napari_medassist.io.dicom.derived.report_reading import read_report
from napari_medassist.io.dicom.derived.segmentation_writing import EQUIPMENT
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.value_notes import value_note
from napari_medassist.io.dicom.tags import MALFORMED

LESION = Code("SCT", "52988006", "Lesion")
#: Assessment of one lesion, and its categories (PS3.16 CID 6328).
PI_RADS = Code("DCM", "130560", "PI-RADS Localized Abnormality Assessment")
_WORDS = ("Very low", "Low", "Intermediate", "High", "Very high")
_PI_RADS_VALUES = {
    n: Code("RADLEX", f"RID{50295 + n}", f"PI-RADS {n} - {word} (lesion)")
    for n, word in enumerate(_WORDS, start=1)
}


def pi_rads_evaluation(category: int) -> tuple[Code, Code]:
    """Return a PI-RADS category, 1 to 5, as a coded judgement.

    Raises
    ------
    InvalidImage
        If the category is none of the five.
    """
    if category not in _PI_RADS_VALUES:
        raise InvalidImage(f"A PI-RADS category is 1 to 5, not {category}.")
    return PI_RADS, _PI_RADS_VALUES[category]


def write_report(
    findings: Sequence[MeasuredFinding],
    source: SourceSeries,
    segmentation: Path,
    path: Path,
    *,
    observer: str = "Anonymous^Observer",
) -> None:
    """Write a measurement report that refers to the segments of a DICOM segmentation.

    The file is read back and its numbers and codes compared before it takes its place.

    Parameters
    ----------
    findings
        The findings; each belongs to the segment that has its ``label_value``.
    source
        The images that were measured.
    segmentation
        The DICOM segmentation (binary) of the same findings.
    path
        The file to write.
    observer
        Who measured, as a DICOM person name.

    Raises
    ------
    InvalidImage
        If there is no finding, or one has no segment.
    WriteFailed
        If the images lack what a report must state, or the file read back differs.
    """
    if not findings:
        raise InvalidImage("There is no finding to report.", path=path)
    try:
        segments = hd.seg.segread(segmentation)
        images = source.datasets()
        placed = [_with_segment(f, segments, path) for f in findings]
        with quiet_about_names():
            report = _report(placed, segments, images, source, observer)
    except MALFORMED as error:
        raise WriteFailed(
            f"The images or the segmentation lack what a report must state ({error}).",
            path=path,
            cure="Write the measurements as a table (CSV) instead.",
        ) from error
    with replacing(path) as temporary:
        report.save_as(temporary, enforce_file_format=True)
        _require_same(path, placed, read_report(temporary).findings)


def _with_segment(
    finding: MeasuredFinding, segments: hd.seg.Segmentation, path: Path
) -> MeasuredFinding:
    note = value_note(finding.label_value)
    for item in segments.SegmentSequence:
        if item.get("SegmentDescription", "") == note:
            return replace(
                finding,
                segment_number=int(item.SegmentNumber),
                segmentation_uid=str(segments.SOPInstanceUID),
                tracking_id=finding.tracking_id or str(item.TrackingID),
                tracking_uid=finding.tracking_uid or str(item.TrackingUID),
            )
    raise InvalidImage(
        f"The finding '{finding.tracking_id}' (label value {finding.label_value}) has no segment in "
        "the segmentation.",
        path=path,
        cure="Write the segmentation of the same label map first.",
    )


def _report(
    findings: Sequence[MeasuredFinding],
    segments: hd.seg.Segmentation,
    images: list[FileDataset],
    source: SourceSeries,
    observer: str,
) -> FileDataset:
    person = hd.sr.ObserverContext(
        observer_type=hd.sr.CodedConcept("121006", "DCM", "Person"),
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=observer),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=person),
        procedure_reported=hd.sr.CodedConcept("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[_group(f, segments, source) for f in findings],
        title=hd.sr.CodedConcept("126000", "DCM", "Imaging Measurement Report"),
    )
    report: FileDataset = hd.sr.Comprehensive3DSR(
        evidence=[*images, segments],
        content=content[0],
        series_instance_uid=generate_uid(),
        series_number=(source.planes[0].header.series_number or 0) + 3000,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=EQUIPMENT["manufacturer"],
        series_description="Measurements",
    )
    return report


def _group(
    finding: MeasuredFinding, segments: hd.seg.Segmentation, source: SourceSeries
) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    site = [] if finding.site is None else [hd.sr.FindingSite(coded(finding.site))]
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=finding.tracking_uid, identifier=finding.tracking_id
        ),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=segments.SOPClassUID,
            sop_instance_uid=segments.SOPInstanceUID,
            segment_number=finding.segment_number,
            source_series=hd.sr.SourceSeriesForSegmentation(source.series_uid),
        ),
        finding_type=coded(finding.finding or LESION),
        finding_sites=site or None,
        measurements=[
            hd.sr.Measurement(name=coded(q.name), value=q.value, unit=coded(q.unit))
            for q in finding.quantities
        ],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(name=coded(name), value=coded(value))
            for name, value in finding.evaluations
        ],
    )


def _require_same(
    path: Path, written: Sequence[MeasuredFinding], found: Sequence[MeasuredFinding]
) -> None:
    same = len(written) == len(found) and all(map(_is_same, written, found))
    if not same:
        raise WriteFailed(
            "The report was read back and does not hold what was written. It was not kept.",
            path=path,
            cure="Write the measurements as a table (CSV), and report this.",
        )


def _is_same(written: MeasuredFinding, found: MeasuredFinding) -> bool:
    numbers = all(
        a.name == b.name and a.unit == b.unit and isclose(a.value, b.value, rel_tol=1e-6)
        for a, b in zip(written.quantities, found.quantities, strict=False)
    )
    return (
        numbers
        and len(written.quantities) == len(found.quantities)
        and set(written.evaluations) == set(found.evaluations)
        and (written.tracking_uid, written.segment_number, written.segmentation_uid)
        == (found.tracking_uid, found.segment_number, found.segmentation_uid)
    )
