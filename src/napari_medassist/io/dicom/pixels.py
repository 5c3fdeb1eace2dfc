"""Pixels: decoded frame by frame, after the claims of the header were held against the file."""

from __future__ import annotations

import mmap
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder, iter_pixels
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEGLossless,
    JPEGLosslessSV1,
    MPEGTransferSyntaxes,
)

from napari_medassist.core.errors import CorruptFile, MedAssistError, TooLarge, UnsupportedFormat
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.jpeg import require_sound_streams
from napari_medassist.io.dicom.tags import MALFORMED

#: Part of the machine's memory that one image may take.
MEMORY_SHARE = 0.6
#: Taken as the machine's memory where the system does not tell.
_ASSUMED_MEMORY_BYTES = 8 * 2**30
#: A compressed frame takes no fewer bytes: the item that holds it has a head of 8.
_SMALLEST_FRAME_BYTES = 8
#: The tag of pixel data of undefined length (OB; seen too: OW, UN), and the item that ends them.
_COMPRESSED_PIXELS = tuple(
    b"\xe0\x7f\x10\x00" + vr + b"\0\0\xff\xff\xff\xff" for vr in (b"OB", b"OW", b"UN")
)
_END_OF_ITEMS = bytes.fromhex("feffdde0 00000000")
#: Tag, representation and length before the first item.
_PIXEL_TAG_BYTES = 12
#: No deflate stream grows by more.
_DEFLATE_LIMIT = 1032
#: Decoders that meet broken data with an exception, the most able first.
_SAFE_PLUGINS = ("pylibjpeg", "pyjpegls", "pydicom", "pillow")
_UNCOMPRESSED = "Export the image without compression (Explicit VR Little Endian)."
_AS_VIDEO = "Export the clip as an MP4 file and open that."
#: What to do about a file that holds less than it should.
COPY_ANEW = "The file may be truncated: copy it anew from its source."


def stored_frames(header: Header, frames: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield frames of a file as stored, each (row, column), in the order asked for.

    Call :func:`require_plausible` for the file first: it refuses what a decoder would not survive.

    Raises
    ------
    UnsupportedFormat
        If the pixels are encoded in a way that no installed decoder knows.
    CorruptFile
        If there are no pixels, fewer than the header claims, or they cannot be decoded.
    """
    yield from _decoded(header, frames, raw=True, dataset=None)


def colour_frames(header: Header, frames: Sequence[int], dataset: Dataset) -> Iterator[NDArray[Any]]:
    """Yield frames with YBR turned to RGB; ``dataset`` is given the image tags (the palette).

    As :func:`stored_frames`, with the same errors.
    """
    yield from _decoded(header, frames, raw=False, dataset=dataset)


def require_size(header: Header) -> None:
    """Require that the header claims at least one pixel.

    Raises
    ------
    CorruptFile
        If rows, columns, frames or bits are missing, zero or negative.
    """
    if min(header.rows, header.columns, header.n_frames, header.bits_allocated) < 1:
        raise CorruptFile(
            f"The header claims an image of {_claim(header)}, {header.bits_allocated} bits a value.",
            path=header.path,
            cure=COPY_ANEW,
        )


def require_plausible(header: Header) -> None:
    """Hold the size that the header claims against the size of the file, before anything is allocated.

    Raises
    ------
    UnsupportedFormat
        If no decoder knows the encoding.
    CorruptFile
        If the file cannot hold what its header claims.
    """
    require_size(header)
    _require_decoder(header)
    if UID(header.transfer_syntax_uid).is_encapsulated:
        _require_sound_items(header)
    size = header.path.stat().st_size
    least = _least_bytes(header)
    if least > size:
        raise CorruptFile(
            f"The header claims {_claim(header)}, at least {least:,} bytes; the file has {size:,}.",
            path=header.path,
            cure=COPY_ANEW,
        )


def require_memory(n_bytes: int, path: Path) -> None:
    """Refuse, before it is begun, an image that would not fit into memory.

    Raises
    ------
    TooLarge
        If it would take more than :data:`MEMORY_SHARE` of the machine's memory.
    """
    memory = _memory_bytes()
    if n_bytes > MEMORY_SHARE * memory:
        raise TooLarge(
            f"The image takes {n_bytes / 2**30:.1f} GiB decoded, this machine has "
            f"{memory / 2**30:.1f} GiB of memory.",
            path=path,
            cure="Open fewer files at a time, or a machine with more memory.",
        )


def pixel_items_start(content: mmap.mmap, path: Path) -> int:
    """Return where the first item of compressed pixel data begins.

    Raises
    ------
    CorruptFile
        If there are no such data.
    """
    start = max(content.rfind(mark) for mark in _COMPRESSED_PIXELS)
    if start < 0:
        raise CorruptFile("The file holds no pixel data.", path=path, cure=COPY_ANEW)
    return start + _PIXEL_TAG_BYTES


def _decoded(
    header: Header, frames: Sequence[int], *, raw: bool, dataset: Dataset | None
) -> Iterator[NDArray[Any]]:
    with closing(_open(header, frames, raw=raw, dataset=dataset)) as decoded:
        for _ in frames:
            try:
                frame = next(decoded)
            except StopIteration:
                raise CorruptFile(
                    "The file holds fewer frames than its header claims.",
                    path=header.path,
                    cure=COPY_ANEW,
                ) from None
            except MALFORMED as error:
                raise _decoding_error(header, error) from error
            yield frame


def _open(
    header: Header, frames: Sequence[int], *, raw: bool, dataset: Dataset | None
) -> Generator[NDArray[Any], None, None]:
    """Let pydicom decode; a generator, so that what it raises is raised at the first frame."""
    syntax = UID(header.transfer_syntax_uid)
    if syntax != DeflatedExplicitVRLittleEndian:
        yield from iter_pixels(
            header.path,
            indices=frames,
            raw=raw,
            ds_out=dataset,
            transfer_syntax_uid=syntax,
            decoding_plugin=_decoding_plugin(syntax),
        )
        return
    whole = dcmread(header.path, force=True)  # pydicom decodes straight from the file only uncompressed
    if dataset is not None:
        dataset.update(whole.group_dataset(0x0028))
    yield from iter_pixels(whole, indices=frames, raw=raw)


def _decoding_plugin(syntax: UID) -> str:
    """Return the decoder to use: GDCM, which may abort the process on a broken JPEG, comes last."""
    available = get_decoder(syntax).available_plugins
    return next((name for name in _SAFE_PLUGINS if name in available), "")


def _decoding_error(header: Header, error: Exception) -> MedAssistError:
    if "no 'Pixel Data'" in str(error):
        return CorruptFile("The file holds no pixel data.", path=header.path, cure=COPY_ANEW)
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, NotImplementedError) or "not support" in reason:
        return UnsupportedFormat(
            f"The pixels cannot be decoded ({reason}).", path=header.path, cure=_UNCOMPRESSED
        )
    return CorruptFile(
        f"The pixel data cannot be decoded ({reason}).", path=header.path, cure=COPY_ANEW
    )


def _require_decoder(header: Header) -> None:
    syntax = UID(header.transfer_syntax_uid)
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnsupportedFormat(
            f"The pixels are encoded as '{syntax.name}' (transfer syntax), which cannot be decoded.",
            path=header.path,
            cure=_AS_VIDEO if syntax in MPEGTransferSyntaxes else _UNCOMPRESSED,
        )


def _require_sound_items(header: Header) -> None:
    """Require the mark at the end of compressed pixels: JPEG decoders make up what a cut file lacks."""
    path = header.path
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = pixel_items_start(content, path)
        if content.rfind(_END_OF_ITEMS) < start:
            raise CorruptFile(
                "The compressed pixel data break off without their end mark.",
                path=path,
                cure=COPY_ANEW,
            )
        if UID(header.transfer_syntax_uid) in (JPEGLossless, JPEGLosslessSV1):
            require_sound_streams(header, content[start:])


def _least_bytes(header: Header) -> int:
    """Return the fewest bytes that the claimed pixels can take in the file."""
    syntax = UID(header.transfer_syntax_uid)
    if syntax.is_encapsulated:
        return header.n_frames * _SMALLEST_FRAME_BYTES
    bits = header.rows * header.columns * header.n_frames * header.bits_allocated
    samples = 2 if header.photometric == "YBR_FULL_422" else header.samples_per_pixel
    least = bits * samples // 8
    return least // _DEFLATE_LIMIT if syntax == DeflatedExplicitVRLittleEndian else least


def _claim(header: Header) -> str:
    return f"{header.n_frames} frames of {header.rows} x {header.columns}"


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return _ASSUMED_MEMORY_BYTES
