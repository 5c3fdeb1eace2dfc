"""Decoded frames as they are meant to be seen: palettes applied, MONOCHROME1 inverted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian

from napari_medassist.core.errors import CorruptFile
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.tags import MALFORMED

_PLAIN_PALETTE = "RedPaletteColorLookupTableData"


def displayed(frame: NDArray[Any], header: Header, tags: Dataset) -> NDArray[Any]:
    """Return a frame, grey or RGB, whose values can be shown.

    Parameters
    ----------
    frame
        (y, x) or (y, x, 3), YBR already turned to RGB.
    header
        Says how the values are meant.
    tags
        Holds the palette, if there is one.

    Returns
    -------
    numpy.ndarray
        Grey as stored (MONOCHROME1 inverted); colours of more than 8 bits scaled to uint8.
    """
    frame = frame.astype(frame.dtype.newbyteorder("="), copy=False)
    if header.photometric == "PALETTE COLOR":
        return _with_palette(frame, header, tags)
    if header.photometric == "MONOCHROME1":
        return _inverted(frame, header)
    if frame.ndim == 3 and frame.dtype.itemsize > 1:
        return _to_8_bits(frame, header.bits_stored)
    return frame


def _with_palette(frame: NDArray[Any], header: Header, tags: Dataset) -> NDArray[Any]:
    try:
        if header.transfer_syntax_uid == ExplicitVRBigEndian and _PLAIN_PALETTE in tags:
            tags = _with_turned_words(tags)
        colours = apply_color_lut(frame, tags)
        entry_bits = int(tags.RedPaletteColorLookupTableDescriptor[2])
    except MALFORMED as error:
        raise CorruptFile(
            f"The colour palette cannot be read ({error}).",
            path=header.path,
            cure="Export the image anew, in RGB or without compression.",
        ) from error
    colours = colours[..., :3]
    return colours if colours.dtype.itemsize == 1 else _to_8_bits(colours, entry_bits)


def _with_turned_words(tags: Dataset) -> Dataset:
    """Turn the words of plain palettes, which pydicom does for segmented ones only."""
    turned = Dataset()
    turned.update(tags)
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTableData"
        if name in tags and tags[name].VR == "OW":
            words = np.frombuffer(tags[name].value, ">u2").astype("<u2")
            turned.add_new(tags[name].tag, "OW", words.tobytes())
    return turned


def _inverted(frame: NDArray[Any], header: Header) -> NDArray[Any]:
    if frame.dtype.kind == "i":
        return (-1 - frame).astype(frame.dtype)
    if frame.dtype.kind == "u":
        top = np.asarray(2**header.bits_stored - 1).astype(frame.dtype)
        return np.where(frame > top, 0, top - frame).astype(frame.dtype)
    inverted: NDArray[Any] = frame.max() - frame
    return inverted


def _to_8_bits(colours: NDArray[Any], bits: int) -> NDArray[Any]:
    scaled: NDArray[Any] = (colours.astype(np.int64) >> max(bits - 8, 0)).clip(0, 255).astype(np.uint8)
    return scaled
