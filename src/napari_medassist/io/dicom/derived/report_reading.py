"""Measurements of DICOM structured reports (TID 1500)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from napari_medassist.core.errors import CorruptFile, UnsupportedFormat
from napari_medassist.core.labels import Code
from napari_medassist.io.dicom.derived.measurements import MeasuredFinding, Quantity
from napari_medassist.io.dicom.tags import MALFORMED

_GROUP, _MEASUREMENTS = "125007", "126010"  # Measurement Group, Imaging Measurements
_TRACKING_ID, _TRACKING_UID = "112039", "112040"
_FINDING, _SITE, _REFERENCED_SEGMENT = "121071", "363698007", "121191"


@dataclass(frozen=True)
class MeasurementReport:
    """A structured report: its title and its measured findings."""

    title: str
    findings: tuple[MeasuredFinding, ...]


def read_report(path: Path) -> MeasurementReport:
    """Read the measurement groups of a TID 1500 report.

    Raises
    ------
    UnsupportedFormat
        If it is a report of another template.
    CorruptFile
        If it cannot be read.
    """
    try:
        dataset = dcmread(path, force=True)
        content = list(dataset.get("ContentSequence") or ())
        title = _meaning(dataset, "ConceptNameCodeSequence")
        template = _template(dataset)
        groups = [g for c in _named(content, _MEASUREMENTS) for g in _named(_children(c), _GROUP)]
        if template != "1500" and not groups:
            raise UnsupportedFormat(
                f"This structured report ('{title or 'untitled'}', template "
                f"{template or 'not stated'}) is no measurement report (TID 1500), "
                "so that its content is not read.",
                path=path,
                cure="Open it with a viewer of structured reports.",
            )
        return MeasurementReport(title, tuple(map(_finding, groups)))
    except UnsupportedFormat:
        raise
    except MALFORMED as error:
        raise CorruptFile(
            f"The structured report cannot be read ({error or type(error).__name__}).",
            path=path,
            cure="The file may be truncated: copy it anew from its source.",
        ) from error


def _finding(group: Dataset) -> MeasuredFinding:
    items = _children(group)
    codes = [i for i in items if i.ValueType == "CODE"]
    segment = next(iter(_named(items, _REFERENCED_SEGMENT)), None)
    reference = None if segment is None else segment.ReferencedSOPSequence[0]
    findings = [_value(i) for i in _named(codes, _FINDING)]
    sites = [_value(i) for i in _named(codes, _SITE)]
    known = (_FINDING, _SITE)
    number = None if reference is None else reference.get("ReferencedSegmentNumber")
    return MeasuredFinding(
        tracking_id=next((str(i.TextValue) for i in _named(items, _TRACKING_ID)), ""),
        tracking_uid=next((str(i.UID) for i in _named(items, _TRACKING_UID)), ""),
        quantities=tuple(_quantities(items)),
        evaluations=tuple((_name(i), _value(i)) for i in codes if _name(i).value not in known),
        segment_number=None if number is None else int(_first(number)),
        segmentation_uid="" if reference is None else str(reference.ReferencedSOPInstanceUID),
        finding=next(iter(findings), None),
        site=next(iter(sites), None),
    )


def _quantities(items: list[Dataset]) -> Iterator[Quantity]:
    for item in items:
        if item.ValueType == "NUM" and item.get("MeasuredValueSequence"):
            measured = item.MeasuredValueSequence[0]
            unit = _code(measured.MeasurementUnitsCodeSequence[0])
            yield Quantity(_name(item), float(measured.NumericValue), unit)


def _template(dataset: Dataset) -> str:
    for item in dataset.get("ContentTemplateSequence") or ():
        return str(item.get("TemplateIdentifier", ""))
    return ""


def _children(item: Dataset) -> list[Dataset]:
    return list(item.get("ContentSequence") or ())


def _named(items: list[Dataset], code: str) -> list[Dataset]:
    return [i for i in items if "ConceptNameCodeSequence" in i and _name(i).value == code]


def _name(item: Dataset) -> Code:
    return _code(item.ConceptNameCodeSequence[0])


def _value(item: Dataset) -> Code:
    return _code(item.ConceptCodeSequence[0])


def _code(item: Dataset) -> Code:
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue") or ""
    return Code(
        str(item.get("CodingSchemeDesignator", "")), str(value), str(item.get("CodeMeaning", ""))
    )


def _meaning(dataset: Dataset, keyword: str) -> str:
    return next((str(i.get("CodeMeaning", "")) for i in dataset.get(keyword) or ()), "")


def _first(value: object) -> int:
    return int(value[0]) if isinstance(value, (list, tuple)) else int(str(value))
