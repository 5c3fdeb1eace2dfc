"""Codes of what labels stand for, and colours as DICOM wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_medassist.core.labels import Code, Label, Rgb

if TYPE_CHECKING:  # reading a folder of images must not wait for highdicom
    from highdicom.color import CIELabColor
    from highdicom.sr import CodedConcept

ANATOMY = Code("SCT", "91723000", "Anatomical Structure")
ABNORMAL = Code("SCT", "49755003", "Morphologically Abnormal Structure")
#: What a label is called whose name no rule knows: a tissue, of no stated kind.
UNKNOWN_CATEGORY = Code("SCT", "85756007", "Tissue")
UNKNOWN_TYPE = Code("SCT", "85756007", "Tissue")


@dataclass(frozen=True)
class Concept:
    """The two codes that a segment needs: what sort of thing it is, and which."""

    category: Code
    kind: Code


def _anatomy(value: str, meaning: str) -> Concept:
    return Concept(ANATOMY, Code("SCT", value, meaning))


def _abnormal(value: str, meaning: str) -> Concept:
    return Concept(ABNORMAL, Code("SCT", value, meaning))


#: Names -> concepts, tried in this order; SNOMED CT as in PS3.16.
_RULES: tuple[tuple[str, Concept], ...] = (
    (r"tumou?r|neoplasm", _abnormal("108369006", "Tumor")),
    (r"lesion|isup|pi ?rads|cspca|cancer", _abnormal("52988006", "Lesion")),
    (r"cyst", _abnormal("367643001", "Cyst")),
    (r"peripheral|\bpz\b", _anatomy("279706003", "Peripheral zone of the prostate")),
    (r"transition|\btz\b", _anatomy("399384005", "Transition zone of the prostate")),
    (r"seminal", _anatomy("64739004", "Seminal vesicle")),
    (r"prostat|gland", _anatomy("41216001", "Prostate")),
    (r"bladder", _anatomy("89837001", "Urinary bladder")),
    (r"rectum", _anatomy("34402009", "Rectum")),
    (r"liver", _anatomy("10200004", "Liver")),
    (r"lung", _anatomy("39607008", "Lung")),
    (r"spleen", _anatomy("78961009", "Spleen")),
    (r"kidney", _anatomy("64033007", "Kidney")),
    (r"pancreas", _anatomy("15776009", "Pancreas")),
    (r"heart", _anatomy("80891009", "Heart")),
    (r"spine|vertebra", _anatomy("421060004", "Vertebral column")),
    (r"brain", _anatomy("12738006", "Brain")),
)


def concept_of(label: Label) -> Concept:
    """Return the codes of a label: its own, those of its name, or "Tissue" where nothing is known.

    A code that the label carries is kept as its kind; its category then follows from the rules, or is
    "Tissue".
    """
    words = re.sub(r"[\s_.\-]+", " ", label.name).lower()
    known = next((concept for pattern, concept in _RULES if re.search(pattern, words)), None)
    if label.code is not None:
        same = [c for _, c in _RULES if (c.kind.scheme, c.kind.value) == _key(label.code)]
        category = same[0].category if same else known.category if known else UNKNOWN_CATEGORY
        return Concept(category, label.code)
    return known or Concept(UNKNOWN_CATEGORY, UNKNOWN_TYPE)


def coded(code: Code) -> CodedConcept:
    """Return a code as highdicom takes it."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def lab_colour(colour: Rgb) -> CIELabColor:
    """Return a colour as DICOM's recommended display value (CIELab)."""
    from highdicom.color import CIELabColor

    return CIELabColor.from_rgb(*colour)


def rgb_of(value: object) -> Rgb | None:
    """Return the colour of a RecommendedDisplayCIELabValue; None if it is not one."""
    from highdicom.color import CIELabColor

    try:
        lightness, a, b = (int(part) for part in value)  # type: ignore[attr-defined]
        red, green, blue = CIELabColor.from_dicom_value((lightness, a, b)).to_rgb()
    except (TypeError, ValueError):
        return None
    return int(red), int(green), int(blue)


def _key(code: Code) -> tuple[str, str]:
    return code.scheme, code.value
