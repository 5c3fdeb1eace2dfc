"""Text that may be burned into the pixels: what speaks for it, where it may stand, and blacking it out.

The search looks for rows of small, thin, bright marks on a flat ground which stand still while the
picture moves. It is a help for the eye and no proof: handwriting, large or dark letters, single ones,
and text on an uneven ground are not found; calipers and scales may be taken for text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from napari_medassist.core.errors import MedAssistError, UnsupportedFormat
from napari_medassist.io.dicom.colour import displayed
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.kinds import is_derived
from napari_medassist.io.dicom.pixels import colour_frames, require_plausible
from napari_medassist.io.dicom.tags import MALFORMED
from napari_medassist.io.dicom.video_stream import is_video_stream

_UNDECODABLE: tuple[type[Exception], ...] = (RuntimeError, *MALFORMED)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_ULTRASOUND_AND_PHOTOS = ("US", "IVUS", "XC", "ES", "OT")
_LOOKED_AT_FRAMES = 5
#: A pixel of a still mark may change so much, of 255: lossy frames are never quite equal.
_STILL = 24
#: A stroke stands out from its ground by so much, of 255.
_CONTRAST = 60
#: Strokes are thinner than this, in pixels.
_STROKE_PX = 6
_LETTER_PX = (5, 34)
#: So many letters make a word; speckle in tissue looks like two now and then.
_LEAST_LETTERS, _LEAST_IN_TISSUE = 2, 4
#: Letters of a word lie no farther apart, in pixels; rows of text no nearer.
_APART_PX, _ROWS_PX = 15, 1
#: Of the ground around letters so much is alike; of speckle it is not.
_FLAT_SHARE, _FLAT = 0.6, 16
#: So far around letters the ground is looked at; strokes have a soft edge of so much.
_GROUND_PX, _SOFT_PX = 6, 2
_MARGIN_PX = 3


@dataclass(frozen=True)
class Box:
    """Pixels of a frame: columns ``left`` to ``right``, rows ``top`` to ``bottom``, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    def in_words(self) -> str:
        """Return where it is."""
        return f"x {self.left}-{self.right}, y {self.top}-{self.bottom}"


@dataclass(frozen=True)
class Doubt:
    """An image that may have text burned in.

    Parameters
    ----------
    why
        What speaks for it.
    boxes
        Where the search found what may be text.
    problem
        Why the pixels could not be searched; empty if they were.
    """

    why: str
    boxes: tuple[Box, ...] = ()
    problem: str = ""

    def in_words(self, blacked: Sequence[Box]) -> str:
        """Return what to tell of a copy in which some boxes are black."""
        if self.problem:
            told = f"its pixels could not be searched ({self.problem})"
        elif self.boxes:
            told = "it may hold text at " + "; ".join(box.in_words() for box in self.boxes)
        else:
            told = "the search found no text, which proves nothing"
        n = len(blacked)
        black = f" {n} box{'es' * (n != 1)} blacked out." if n else ""
        return f"{self.why}; {told}.{black} Look at its pixels before sharing."


def doubt_of(header: Header, dataset: Dataset, *, looks: bool = True) -> Doubt | None:
    """Return what speaks for text in the pixels of an image; None if nothing does.

    Parameters
    ----------
    header, dataset
        The image.
    looks
        Search the pixels, too, if the header gives a reason.
    """
    why = why_doubtful(header, dataset)
    if not why:
        return None
    if not looks:
        return Doubt(why)
    try:
        return Doubt(why, text_boxes(sampled_frames(header), stated_regions(dataset)))
    except MedAssistError as error:
        return Doubt(why, problem=error.message)


def why_doubtful(header: Header, dataset: Dataset) -> str:
    """Return why text may be burned into the pixels; empty if nothing in the header speaks for it."""
    stated = str(dataset.get("BurnedInAnnotation", "")).upper()
    if stated == "YES":
        return "It says that annotations are burned in"
    if is_derived(header) or stated == "NO":
        return ""
    if header.modality_code in _ULTRASOUND_AND_PHOTOS:
        return f"An image of modality {header.modality_code}"
    rest = header.sop_class_uid[len(_SECONDARY_CAPTURE) :][:1]
    if header.sop_class_uid.startswith(_SECONDARY_CAPTURE) and rest in ("", "."):
        return "A secondary capture"
    return "A saved screen" if any("SCREEN" in part for part in header.image_type) else ""


def sampled_frames(header: Header) -> list[NDArray[Any]]:
    """Return up to five frames of an image as they are shown, (y, x) or (y, x, 3).

    Raises
    ------
    UnsupportedFormat
        If it is a video stream, or in an encoding that no decoder knows.
    CorruptFile
        If it cannot be decoded.
    """
    if is_video_stream(header):
        raise UnsupportedFormat("Pixels of video streams are not looked at.", path=header.path)
    require_plausible(header)
    last = max(header.n_frames, 1) - 1
    picks = sorted({round(n * last / (_LOOKED_AT_FRAMES - 1)) for n in range(_LOOKED_AT_FRAMES)})
    palette = Dataset()
    return [displayed(frame, header, palette) for frame in colour_frames(header, picks, palette)]


def stated_regions(dataset: Dataset) -> tuple[Box, ...]:
    """Return the regions with tissue or curves that an ultrasound image states.

    One that cannot be read is left out: outside the regions fewer letters make a word, so the search is
    the stricter for it.
    """
    found = []
    for region in dataset.get("SequenceOfUltrasoundRegions") or []:
        try:
            found.append(
                Box(
                    int(region.RegionLocationMinX0),
                    int(region.RegionLocationMinY0),
                    int(region.RegionLocationMaxX1) + 1,
                    int(region.RegionLocationMaxY1) + 1,
                )
            )
        except MALFORMED:
            continue
    return tuple(found)


def text_boxes(frames: Sequence[NDArray[Any]], regions: Sequence[Box] = ()) -> tuple[Box, ...]:
    """Return where text may stand.

    Parameters
    ----------
    frames
        Some frames of one image, (y, x) grey or (y, x, 3) RGB.
    regions
        Where the image shows tissue: a word must have more letters there. In moving pictures what
        moves is no text.
    """
    from scipy import ndimage

    stack = np.stack([_brightness(frame) for frame in frames])
    still = stack.max(axis=0) - stack.min(axis=0) <= _STILL
    shown = np.median(stack, axis=0).astype(np.float32)
    strokes = ndimage.white_tophat(shown, size=(_STROKE_PX, _STROKE_PX)) > _CONTRAST
    strokes &= still
    tissue = np.zeros(shown.shape, bool)
    for region in regions:
        tissue[region.top : region.bottom, region.left : region.right] = True
    letters = _letters(strokes)
    spread = ndimage.binary_dilation(letters, np.ones((2 * _ROWS_PX + 1, _APART_PX)))
    words, _ = ndimage.label(spread, np.ones((3, 3)))
    soft = ndimage.binary_dilation(strokes, iterations=_SOFT_PX)
    boxes = []
    for number, part in enumerate(ndimage.find_objects(words), start=1):
        inside = letters[part] & (words[part] == number)
        _, n_letters = ndimage.label(inside, np.ones((3, 3)))
        least = _LEAST_IN_TISSUE if tissue[part].all() else _LEAST_LETTERS
        if n_letters >= least and _is_on_flat_ground(shown, soft, part):
            rows, columns = np.nonzero(inside)
            boxes.append(_around(part, rows, columns, shown.shape))
    return tuple(boxes)


def black_out(dataset: Dataset, boxes: Sequence[Box]) -> None:
    """Make the pixels of some boxes black in all frames; the pixels are then stored uncompressed.

    Raises
    ------
    UnsupportedFormat
        If the pixels cannot be decoded to be stored anew, as those of video streams; or the file is
        big-endian.
    """
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    dataset.file_meta.setdefault("TransferSyntaxUID", ImplicitVRLittleEndian)
    if dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        raise UnsupportedFormat("Pixels of big-endian files (a retired form) cannot be blacked out.")
    try:
        as_rgb = photometric.startswith("YBR")
        pixels = np.array(pixel_array(dataset, raw=not as_rgb))
    except _UNDECODABLE as error:
        raise UnsupportedFormat(f"Its pixels cannot be blacked out ({error}).") from error
    photometric = "RGB" if as_rgb else photometric
    black = _black(dataset, photometric, pixels)
    rows_at = pixels.ndim - (3 if photometric == "RGB" else 2)
    for box in boxes:
        place = (slice(max(0, box.top), box.bottom), slice(max(0, box.left), box.right))
        pixels[(slice(None),) * rows_at + place] = black
    stored = int(dataset.get("BitsStored", 8))
    dataset.set_pixel_data(pixels, photometric, stored, generate_instance_uid=False)


def _black(dataset: Dataset, photometric: str, pixels: NDArray[Any]) -> int:
    """Return the stored value that is shown black."""
    if photometric == "MONOCHROME1":
        return int(pixels.max())
    if photometric != "PALETTE COLOR":
        return int(pixels.min()) if np.issubdtype(pixels.dtype, np.signedinteger) else 0
    entries, first, _ = (int(n) for n in dataset.RedPaletteColorLookupTableDescriptor)
    indices = np.arange(first, first + (entries or 65536))
    colours = apply_color_lut(indices.astype(np.int64), dataset)[..., :3]
    return int(indices[colours.astype(int).sum(axis=-1).argmin()])


def _brightness(frame: NDArray[Any]) -> NDArray[np.float32]:
    """Return the largest of the colours, on a scale of 0..255: coloured text is text too."""
    grey = frame.max(axis=-1) if frame.ndim == 3 else frame
    if grey.dtype == np.uint8:
        return grey.astype(np.float32)
    low, high = float(grey.min()), float(grey.max())
    return ((grey.astype(np.float32) - low) * (255 / (high - low or 1))).astype(np.float32)


def _letters(strokes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the strokes that are as large as letters."""
    from scipy import ndimage

    marks, count = ndimage.label(strokes, np.ones((3, 3)))
    keep = np.zeros(count + 1, bool)
    for number, part in enumerate(ndimage.find_objects(marks), start=1):
        height, width = (p.stop - p.start for p in part)
        keep[number] = _LETTER_PX[0] <= height <= _LETTER_PX[1] and width <= 2 * _LETTER_PX[1]
    found: NDArray[np.bool_] = keep[marks]
    return found


def _is_on_flat_ground(
    shown: NDArray[np.float32], strokes: NDArray[np.bool_], part: tuple[slice, ...]
) -> bool:
    around = tuple(slice(max(0, p.start - _GROUND_PX), p.stop + _GROUND_PX) for p in part)
    ground = shown[around][~strokes[around]]
    if not ground.size:
        return False
    return bool(np.mean(np.abs(ground - np.median(ground)) <= _FLAT) >= _FLAT_SHARE)


def _around(
    part: tuple[slice, ...], rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, ...]
) -> Box:
    top, left = part[0].start, part[1].start
    return Box(
        max(0, left + int(columns.min()) - _MARGIN_PX),
        max(0, top + int(rows.min()) - _MARGIN_PX),
        min(shape[1], left + int(columns.max()) + 1 + _MARGIN_PX),
        min(shape[0], top + int(rows.max()) + 1 + _MARGIN_PX),
    )
