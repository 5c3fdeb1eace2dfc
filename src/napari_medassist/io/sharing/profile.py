"""The basic confidentiality profile of DICOM PS3.15, applied to a data set and all nested in it.

The table of attributes (PS3.15 E.1-1) comes from dicom-anonymizer. Its own routine works on the first
level only, so that UIDs inside sequences, by which segmentations refer to their images, would stay;
therefore the walk is ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom.datadict import dictionary_has_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from napari_medassist.io.dicom.diffusion import VENDORS
from napari_medassist.io.sharing.pseudonyms import Pseudonyms
from napari_medassist.io.sharing.words import known_words

#: Private values that are kept: diffusion weighting, without which the images cannot be told apart.
SAFE_PRIVATE: frozenset[tuple[str, int, int]] = frozenset(
    {(v.creator, v.group, v.b_value) for v in VENDORS}
    | {(v.direction_creator, v.direction_group, end) for v in VENDORS for end in v.direction}
)
_PATIENT_CHARACTERISTICS = ("PatientSex", "PatientAge", "PatientSize", "PatientWeight")
_DESCRIPTIONS = ("SeriesDescription", "ProtocolName", "StudyDescription", "SegmentLabel", "ROIName",
                 "ContentDescription", "StructureSetName", "StructureSetLabel",
                 "SegmentDescription", "ROIDescription", "TrackingID", "ContentLabel")  # fmt: skip
#: Sequences of the table that are cleaned and not removed: what objects refer to each other by.
_WALKED = ("ReferencedImageSequence", "SourceImageSequence", "ContentSequence",
           "DerivationImageSequence", "ReferencedSeriesSequence", "ReferencedInstanceSequence",
           "CurrentRequestedProcedureEvidenceSequence", "SegmentSequence")  # fmt: skip
_CODES_OF_METHOD = {
    "113100": "Basic Application Confidentiality Profile",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113111": "Retain Safe Private Option",
}
_DUMMY = "REMOVED"


@dataclass(frozen=True)
class SharingOptions:
    """What is kept beyond the basic profile.

    Parameters
    ----------
    shift_dates
        Move dates by a random number of days, the same for all of a patient, and keep times; else both
        are removed. Dynamic series need it: their time points are put in order by their times.
    keep_patient_characteristics
        Keep sex, age (90 and over as 90), size and weight.
    """

    shift_dates: bool = False
    keep_patient_characteristics: bool = False


@dataclass
class Traces:
    """What was removed, and the meanings of codes, which stay and may be the same words.

    Parameters
    ----------
    old
        Values that were removed or replaced.
    coded
        Meanings of codes.
    """

    old: set[str] = field(default_factory=set)
    coded: set[str] = field(default_factory=set)

    def to_look_for(self) -> set[str]:
        """Return the old values that must be found nowhere: those that no code's meaning contains."""
        meanings = "\n".join(self.coded)
        return {value for value in self.old if value and value not in meanings}


def clean(dataset: Dataset, names: Pseudonyms, options: SharingOptions, traces: Traces) -> None:
    """Take what identifies the patient out of a data set, in place.

    Parameters
    ----------
    dataset
        A whole file's data set.
    names
        Old to new, over the whole share.
    options
        What is kept.
    traces
        Takes the old values that must not be found in the share any more.
    """
    patient = str(dataset.get("PatientID") or dataset.get("PatientName") or "")
    _Cleaner(names, options, patient, traces).clean(dataset)
    dataset.PatientName = dataset.PatientID = names.patient(patient)
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if options.shift_dates else "REMOVED"
    dataset.DeidentificationMethod = "napari-medassist, PS3.15 basic profile"
    codes = dict(_CODES_OF_METHOD)
    if options.shift_dates:
        codes["113107"] = "Retain Longitudinal Temporal Information Modified Dates Option"
    if options.keep_patient_characteristics:
        codes["113108"] = "Retain Patient Characteristics Option"
    dataset.DeidentificationMethodCodeSequence = Sequence(map(_method, codes.items()))
    traces.coded |= {*codes.values(), str(dataset.DeidentificationMethod)}


class _Cleaner:
    """Applies the table to one file; knows its patient."""

    def __init__(
        self, names: Pseudonyms, options: SharingOptions, patient: str, traces: Traces
    ) -> None:
        self._names, self._options = names, options
        self._patient, self._traces = patient, traces

    def clean(self, dataset: Dataset) -> None:
        for tag in list(dataset.keys()):
            element = dataset[tag]
            if tag.is_private:
                if not tag.is_private_creator and not _is_safe_private(dataset, tag):
                    del dataset[tag]
            elif not dictionary_has_tag(tag) or element.VR == "UN":
                self._drop(dataset, element)
            else:
                self._clean_standard(dataset, element)
        _drop_idle_creators(dataset)

    def _clean_standard(self, dataset: Dataset, element: DataElement) -> None:
        action = _action(element.tag)
        keyword = element.keyword
        if keyword in ("CodeMeaning", "DimensionDescriptionLabel"):
            self._traces.coded.add(str(element.value))
            return
        if keyword in _DESCRIPTIONS and action != "keep":
            self._replace_text(element, known_words(str(element.value)))
        elif self._is_kept(keyword):
            if keyword == "PatientAge" and str(element.value)[:3].isdigit():
                years = str(element.value).endswith("Y") and int(str(element.value)[:3]) >= 90
                element.value = "090Y" if years else element.value
        elif element.VR == "SQ":
            if action == "keep" or keyword in _WALKED or action == "uid":
                for item in element.value:
                    self.clean(item)
            elif action == "remove":
                self._remember_nested(element.value)
                del dataset[element.tag]
            else:
                self._remember_nested(element.value)
                element.value = Sequence([])
        elif element.VR == "UI":
            self._replace_uids(element)
        elif element.VR in ("DA", "DT", "TM"):
            self._clean_time(dataset, element, action)
        elif keyword in ("TextValue", "PersonName", "UnformattedTextValue"):
            self._replace_text(element, known_words(str(element.value)) or _DUMMY)
        elif action == "remove":
            self._drop(dataset, element)
        elif action == "empty":
            self._remember(element)
            element.value = None if element.VR != "PN" else ""
        elif action == "replace":
            self._remember(element)
            element.value = _dummy(element)

    def _is_kept(self, keyword: str) -> bool:
        kept = keyword in _PATIENT_CHARACTERISTICS
        return kept and self._options.keep_patient_characteristics

    def _clean_time(self, dataset: Dataset, element: DataElement, action: str) -> None:
        if action == "keep":
            return
        if self._options.shift_dates and element.keyword != "PatientBirthDate":
            if element.VR == "TM":
                return
            moved = [self._names.date(self._patient, str(v)) for v in _values(element)]
            self._remember(element)
            element.value = moved if len(moved) > 1 else moved[0] if moved else ""
            return
        self._remember(element)
        if action == "remove":
            del dataset[element.tag]
        else:
            element.value = ""

    def _replace_uids(self, element: DataElement) -> None:
        new = [self._names.uid(str(v)) for v in _values(element)]
        self._traces.old |= {str(v) for v in _values(element)} - set(new)
        element.value = new if len(new) > 1 else new[0] if new else ""

    def _replace_text(self, element: DataElement, new: str) -> None:
        if str(element.value) != new:
            self._remember(element)
            element.value = new

    def _drop(self, dataset: Dataset, element: DataElement) -> None:
        self._remember(element)
        del dataset[element.tag]

    def _remember(self, element: DataElement) -> None:
        """Keep an old value that can be recognised: not short, and not of imaging words only."""
        if element.VR not in ("PN", "LO", "SH", "LT", "ST", "UT", "DA", "UC"):
            return
        for value in map(str, _values(element)):
            parts = [value, *value.replace("^", " ").split()] if element.VR == "PN" else [value]
            for part in parts:
                if len(part) >= 6 and known_words(part) != " ".join(part.split()):
                    self._traces.old.add(part)

    def _remember_nested(self, items: Iterable[Dataset]) -> None:
        for item in items:
            for element in item:
                if element.VR == "SQ":
                    self._remember_nested(element.value)
                elif element.VR == "PN" or element.keyword in ("PatientID", "AccessionNumber"):
                    self._remember(element)


@cache
def _actions() -> dict[int, str]:
    """Return tag -> what is done with it; of a choice, what keeps files readable."""
    found: dict[int, str] = {}
    for tags, action in (
        (table.X_TAGS, "remove"),
        (table.U_TAGS, "uid"),
        (table.D_TAGS, "replace"),
        (table.Z_TAGS, "empty"),
        (table.Z_D_TAGS, "replace"),
        (table.X_Z_TAGS, "empty"),
        (table.X_D_TAGS, "replace"),
        (table.X_Z_D_TAGS, "replace"),
        (table.X_Z_U_STAR_TAGS, "uid"),
    ):
        found |= {int(Tag(tag)): action for tag in tags if len(tag) == 2}
    # Names that TID 1500 and segmentations refer by are cleaned as descriptions are.
    found |= {int(Tag(tag_for_keyword(k) or 0)): "replace" for k in _DESCRIPTIONS}
    return found


@cache
def _action(tag: BaseTag) -> str:
    known = _actions().get(int(tag))
    if known:
        return known
    for group, element, group_mask, element_mask in (t for t in table.X_TAGS if len(t) == 4):
        in_group = tag.group & group_mask == group & group_mask
        if in_group and tag.element & element_mask == element & element_mask:
            return "remove"
    return "keep"


def _is_safe_private(dataset: Dataset, tag: BaseTag) -> bool:
    creator = dataset.get(Tag(tag.group, tag.element >> 8))
    name = "" if creator is None else str(creator.value).strip()
    return (name, tag.group, tag.element & 0xFF) in SAFE_PRIVATE


def _drop_idle_creators(dataset: Dataset) -> None:
    """Take away the names of private blocks of which nothing is left."""
    used = {(t.group, t.element >> 8) for t in dataset.keys() if t.is_private}  # noqa: SIM118
    for tag in list(dataset.keys()):
        if tag.is_private_creator and (tag.group, tag.element) not in used:
            del dataset[tag]


def _values(element: DataElement) -> list[object]:
    value = element.value
    if value is None or value == "":
        return []
    return list(value) if element.VM > 1 else [value]


def _dummy(element: DataElement) -> object:
    if element.VR in ("DS", "IS", "FD", "FL", "SS", "US", "SL", "UL"):
        return 0
    if element.VR in ("OB", "OW", "UN", "OF", "OD", "OL"):
        return b"\0\0"
    return {"AS": "000Y", "UR": "http://removed.invalid"}.get(element.VR, _DUMMY)


def _method(code: tuple[str, str]) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code[0], "DCM", code[1]
    return item
