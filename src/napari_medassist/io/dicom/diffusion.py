"""Diffusion weighting: where each vendor writes the b-value and the gradient direction."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.tags import MALFORMED, Tags

Direction = tuple[float, float, float]


@dataclass(frozen=True)
class Vendor:
    """Private tags of one vendor: group, creator of the block, last byte of the elements."""

    name: str
    manufacturer: str
    creator: str
    group: int
    b_value: int
    direction: tuple[int, ...] = ()
    direction_group: int = 0
    direction_creator: str = ""


VENDORS = (
    Vendor(
        "Siemens", "siemens", "SIEMENS MR HEADER", 0x0019, 0x0C,
        (0x0E,), 0x0019, "SIEMENS MR HEADER",
    ),
    Vendor("GE", "ge med", "GEMS_PARM_01", 0x0043, 0x39, (0xBB, 0xBC, 0xBD), 0x0019, "GEMS_ACQU_01"),
    Vendor(
        "Philips", "philips", "Philips Imaging DD 001", 0x2001, 0x03,
        (0xB0, 0xB1, 0xB2), 0x2005, "Philips MR Imaging DD 001",
    ),
)  # fmt: skip
_BLOCKS = (0x10, 0x11, 0x12, 0x13)
#: GE adds this once or more to the b-value of a combined image.
_GE_OFFSET = 1_000_000_000

PRIVATE_TAGS: tuple[int, ...] = tuple(
    sorted(
        {
            (group << 16) | element
            for vendor in VENDORS
            for group, ends in (
                (vendor.group, (vendor.b_value,)),
                (vendor.direction_group, vendor.direction),
            )
            for block in _BLOCKS
            for element in (block, *((block << 8) | end for end in ends))
        }
    )
)

# Siemens sequence names: *ep_b50t, ep_b1400t, ep_b0, ep_b800#3; but *ep_b50_800 names a range.
_IN_SEQUENCE_NAME = re.compile(r"(?:^|[_*])b(\d{1,5})(?:[tp]|#\d+)?$", re.IGNORECASE)
_IN_DESCRIPTION = re.compile(
    r"(?<![a-z0-9])b[ _=-]*(?:val(?:ue)?)?[ _=-]*(\d{1,5})(?![\d.])(?![ _,;/+-]+\d{2})", re.IGNORECASE
)
_CALCULATED = re.compile(r"calc[ _-]?b|(?<![a-z])(?:calc|computed|synth)", re.IGNORECASE)
_ADC = re.compile(r"(?<![a-z])e?adc(?![a-z])|apparent diffusion", re.IGNORECASE)
_DIFFUSION = re.compile(r"diff|dwi|dti|trace|(?<![a-z])b[ _=]?0(?!\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Diffusion:
    """How an image is diffusion weighted.

    Parameters
    ----------
    b_value_s_mm2
        None if the image is not diffusion weighted, or a map made of such images (ADC).
    direction
        Unit vector of the gradient; None for a trace image or b = 0.
    source
        Where the b-value was found.
    """

    b_value_s_mm2: float | None = None
    direction: Direction | None = None
    source: str = ""


def diffusion_of(header: Header, tags: Tags) -> Diffusion:
    """Read the diffusion weighting from the standard tag, the vendor's, or the names, in this order."""
    if header.modality_code != "MR" or is_adc(header):
        return Diffusion()
    b_value, source = _b_value(header, tags)
    if b_value is None:
        return Diffusion()
    return Diffusion(b_value, _direction(header, tags), source)


def is_adc(header: Header) -> bool:
    """Tell whether the image is an apparent diffusion coefficient map."""
    if "ADC" in header.image_type or "EADC" in header.image_type:
        return True
    return "TRACEW" not in header.image_type and bool(_ADC.search(header.description))


def is_diffusion_by_name(header: Header) -> bool:
    """Tell whether image type or names speak of diffusion (a b-value of 0 alone proves nothing)."""
    names = f"{header.description} {header.protocol} {header.sequence_name}"
    return "DIFFUSION" in header.image_type or bool(_DIFFUSION.search(names))


def is_calculated(header: Header) -> bool:
    """Tell whether a diffusion image says that it was calculated from other b-values.

    DERIVED alone does not say so: the trace images that scanners write count as derived.
    """
    parts = (header.description, header.sequence_name, *header.image_type)
    return any(_CALCULATED.search(part) for part in parts)


def _b_value(header: Header, tags: Tags) -> tuple[float | None, str]:
    standard = tags.number("DiffusionBValue")
    if standard is not None:
        return standard, "DiffusionBValue (0018,9087)"
    for vendor in VENDORS:
        values = _private(header, tags, vendor.group, vendor.creator, vendor, (vendor.b_value,))
        if values and np.isfinite(values[0]) and values[0] >= 0:
            value = values[0] % _GE_OFFSET if vendor.name == "GE" else values[0]
            return value, f"{vendor.name} ({vendor.group:04x},10{vendor.b_value:02x})"
    if found := _IN_SEQUENCE_NAME.search(header.sequence_name):
        return float(found[1]), "SequenceName (0018,0024)"
    in_text = _IN_DESCRIPTION.findall(header.description)
    if len(in_text) == 1 and (len(in_text[0]) > 1 or in_text[0] == "0"):  # "B1 map" is no b-value
        return float(in_text[0]), "SeriesDescription (0008,103E)"
    return None, ""


def _direction(header: Header, tags: Tags) -> Direction | None:
    """Return the gradient direction, a unit vector, or None."""
    standard = _number_list(tags.value("DiffusionGradientOrientation"))
    if standard:
        return _unit(standard)
    for vendor in VENDORS:
        found = _private(
            header, tags, vendor.direction_group, vendor.direction_creator, vendor, vendor.direction
        )
        if found:
            return _unit(found)
    return None


def _unit(vector: list[float]) -> Direction | None:
    length = float(np.linalg.norm(vector))
    if len(vector) != 3 or not np.isfinite(length) or length < 1e-6:
        return None
    x, y, z = (round(v / length, 4) + 0.0 for v in vector)
    return x, y, z


def _private(
    header: Header, tags: Tags, group: int, creator: str, vendor: Vendor, ends: tuple[int, ...]
) -> list[float]:
    """Return the numbers of a vendor's elements, from whichever block its creator reserved."""
    for block in _blocks_of(header, tags, group, creator, vendor):
        values: list[float] = []
        for end in ends:
            values += _number_list(tags.value((group << 16) | (block << 8) | end))[: 3 // len(ends)]
        if values:
            return values
    return []


def _blocks_of(header: Header, tags: Tags, group: int, creator: str, vendor: Vendor) -> Iterator[int]:
    creators = {block: tags.text((group << 16) | block) for block in _BLOCKS}
    if not any(creators.values()):
        # De-identification may drop the creator and keep the element: then the manufacturer decides.
        if header.manufacturer.lower().startswith(vendor.manufacturer):
            yield _BLOCKS[0]
        return
    yield from (block for block, name in creators.items() if name.lower() == creator.lower())


def _number_list(value: Any) -> list[float]:
    """Read numbers from what a private element may hold: numbers, text, or raw bytes of either."""
    if value is None:
        return []
    if isinstance(value, bytes):
        value = _from_bytes(value)
    if isinstance(value, str):
        value = value.replace("\0", "").strip().split("\\")
    try:
        items = [value] if isinstance(value, int | float) else list(value)
        return [float(item) for item in items]
    except MALFORMED:
        return []


def _from_bytes(raw: bytes) -> Any:
    text = raw.strip(b" \0")
    if re.fullmatch(rb"[-+0-9.eE\\ ]+", text):
        return text.decode("ascii")
    if len(raw) % 8 == 0:
        return struct.unpack(f"<{len(raw) // 8}d", raw)
    return struct.unpack(f"<{len(raw) // 4}f", raw) if len(raw) % 4 == 0 else []
