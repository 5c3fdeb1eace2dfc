"""Looking at JPEG streams before GDCM does.

The only installed decoder of lossless JPEG ends the whole process on some broken streams. What makes it
do so stands in the first segments of a stream, which are cheap to check.
"""

from __future__ import annotations

from io import BytesIO

from pydicom.encaps import generate_frames

from napari_medassist.core.errors import CorruptFile
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.tags import MALFORMED

_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_HUFFMAN_TABLES = 0xC4
#: Start-of-frame markers of the lossless processes; only sequential Huffman coding is in DICOM.
_LOSSLESS_FRAME = 0xC3
#: Segments that may come before a scan: tables, restart interval, application data, comments.
_HARMLESS = {0xDB, 0xDD, 0xFE, _HUFFMAN_TABLES, *range(0xE0, 0xF0)}
_ADOBE = 0xEE
_MOST_CODES = 256


def require_sound_streams(header: Header, pixel_data: bytes) -> None:
    """Require that each frame's JPEG stream describes the image that the DICOM header describes.

    Parameters
    ----------
    header
        The file.
    pixel_data
        Its encapsulated pixel data, from the offset table on.

    Raises
    ------
    CorruptFile
        If a stream's segments cannot be followed or state another size.
    """
    try:
        for stream in generate_frames(BytesIO(pixel_data), number_of_frames=header.n_frames):
            _check(stream, header)
    except MALFORMED as error:
        raise CorruptFile(
            f"The JPEG stream is broken ({error}).",
            path=header.path,
            cure="The file may be truncated or changed: copy it anew from its source.",
        ) from error


def _check(stream: bytes, header: Header) -> None:
    """Follow the segments up to the first scan; raise ValueError at the first that is wrong."""
    if stream[:2] != _START_OF_IMAGE:
        raise ValueError("it does not begin as one")
    at, has_frame, has_table = 2, False, False
    while True:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4])
        segment = stream[at + 4 : at + 2 + length]
        if stream[at] != 0xFF or length < 2 or len(segment) != length - 2:
            raise ValueError(f"segment at byte {at}")
        if marker == _START_OF_SCAN:
            break
        if marker == _LOSSLESS_FRAME and not has_frame:
            _check_frame(segment, header)
            has_frame = True
        elif marker == _HUFFMAN_TABLES:
            _check_tables(segment)
            has_table = True
        elif marker == _ADOBE:
            _check_adobe(segment)
        elif marker not in _HARMLESS:
            raise ValueError(f"unknown segment {marker:#x} at byte {at}")
        at += 2 + length
    if not (has_frame and has_table):
        raise ValueError("no frame or no table before the scan")
    _check_scan(segment, header)


def _check_frame(segment: bytes, header: Header) -> None:
    precision = segment[0]
    rows, columns = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5])
    n_components = segment[5]
    if len(segment) != 6 + 3 * n_components or n_components != header.samples_per_pixel:
        raise ValueError(f"{n_components} components, the header says {header.samples_per_pixel}")
    if (rows, columns) != (header.rows, header.columns):
        raise ValueError(f"{rows} x {columns}, the header says {header.rows} x {header.columns}")
    if not 2 <= precision <= header.bits_allocated or (precision > 8) != (header.bits_allocated > 8):
        raise ValueError(f"{precision} bits, the header allocates {header.bits_allocated}")
    if any(factors != 0x11 for factors in segment[7::3]):
        raise ValueError("subsampled components")


def _check_tables(segment: bytes) -> None:
    at = 0
    while at < len(segment):
        n_codes = sum(segment[at + 1 : at + 17])
        if segment[at] & 0x0F > 3 or n_codes > _MOST_CODES:
            raise ValueError("Huffman table")
        at += 17 + n_codes
    if at != len(segment):
        raise ValueError("length of a Huffman table")


def _check_adobe(segment: bytes) -> None:
    """Check the segment that names the colour transform: none, YCbCr or YCCK."""
    if segment.startswith(b"Adobe") and (len(segment) < 12 or segment[11] > 2):
        raise ValueError("colour transform")


def _check_scan(segment: bytes, header: Header) -> None:
    n_components = segment[0]
    if not 1 <= n_components <= header.samples_per_pixel or len(segment) != 4 + 2 * n_components:
        raise ValueError("scan")
