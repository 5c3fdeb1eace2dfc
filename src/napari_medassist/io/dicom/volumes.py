"""Stacks of planes become volumes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from napari_medassist import __version__
from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Volume
from napari_medassist.io.dicom.diffusion import is_calculated
from napari_medassist.io.dicom.dynamic import common_description
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.pixels import require_memory, require_plausible, stored_frames
from napari_medassist.io.dicom.planes import Plane
from napari_medassist.io.dicom.splitting import b_value_words
from napari_medassist.io.dicom.stacking import Stack
from napari_medassist.io.dicom.values import Voxels, unit_of

#: Called after each slice that was read.
Tick = Callable[[], None]


def n_planes(stack: Stack) -> int:
    """Return how many slices are read for a stack, over all time points."""
    return len(stack.planes) * len(stack.planes[0])


def volume_of(stack: Stack, tick: Tick) -> Volume:
    """Read the pixels of a stack.

    Parameters
    ----------
    stack
        Planes in order, and their grid.
    tick
        Called after each slice; may raise ``Cancelled``.

    Raises
    ------
    CorruptFile, UnsupportedFormat
        If a file does not hold the pixels that its header claims, or they cannot be decoded.
    TooLarge
        If the volume would not fit into memory.
    """
    for header in _headers(stack):
        require_plausible(header)
    first = stack.first.header
    require_memory(n_planes(stack) * first.frame_bytes, first.path.parent)
    return Volume.from_stored(
        _read(stack, tick),
        stack.geometry,
        name=_name(stack),
        provenance=_provenance(stack),
        acquisition=_acquisition(stack),
        warnings=(*stack.warnings, *_value_warnings(first)),
    )


def _read(stack: Stack, tick: Tick) -> np.ndarray:
    shape = (len(stack.planes), *stack.geometry.shape_zyx)
    voxels = Voxels(shape, [p for slices in stack.planes for p in slices])
    for header, wanted in _by_file(stack).items():
        frames = stored_frames(header, [plane.frame for _, _, plane in wanted])
        for (t, z, plane), stored in zip(wanted, frames, strict=True):
            if stored.shape != shape[2:]:
                raise CorruptFile(
                    f"The header claims {shape[2]} x {shape[3]} pixels, decoded were {stored.shape}.",
                    path=header.path,
                    cure="Export the image anew.",
                )
            voxels.put(t, z, stored, plane)
            tick()
    return voxels.array


def _by_file(stack: Stack) -> dict[Header, list[tuple[int, int, Plane]]]:
    """Return which frames are read from each file, and where they go (t, z)."""
    files: dict[Header, list[tuple[int, int, Plane]]] = defaultdict(list)
    for t, slices in enumerate(stack.planes):
        for z, plane in enumerate(slices):
            files[plane.header].append((t, z, plane))
    return {h: sorted(wanted, key=lambda w: w[2].frame) for h, wanted in files.items()}


def _headers(stack: Stack) -> Iterator[Header]:
    yield from dict.fromkeys(plane.header for slices in stack.planes for plane in slices)


def _name(stack: Stack) -> str:
    header = stack.first.header
    title = header.title
    if len({slices[0].header.series_uid for slices in stack.planes}) > 1:
        title = f"{header.series_number} {_description(stack)}"
    return " ".join([title, *b_value_words(stack.first), *stack.suffix])


def _description(stack: Stack) -> str:
    """Return the series description; of joined series, what theirs have in common."""
    headers = [slices[0].header for slices in stack.planes]
    if len({h.series_uid for h in headers}) > 1:
        return common_description([h.description for h in headers])
    return " ".join([headers[0].description, *stack.suffix]).strip()


def _acquisition(stack: Stack) -> Acquisition:
    plane, header = stack.first, stack.first.header
    b_value = plane.diffusion.b_value_s_mm2
    return Acquisition(
        modality=header.modality,
        description=_description(stack),
        series_uid=header.series_uid,
        frame_of_reference_uid=header.frame_of_reference_uid,
        series_number=header.series_number,
        unit=unit_of(header),
        image_type=plane.image_type,
        b_value_s_mm2=b_value,
        calculated=b_value is not None and is_calculated(header),
        times_s=stack.times.times_s if stack.times else (),
        time_source=stack.times.source if stack.times else "",
        window_centre_width=stack.planes[0][len(stack.planes[0]) // 2].window,
    )


def _provenance(stack: Stack) -> Provenance:
    headers = list(_headers(stack))
    sources = [str(h.path) for h in headers] if len(headers) == 1 else _folders(headers)
    details = {
        "b-value from": stack.first.diffusion.source,
        "time points sorted by": stack.times.source if stack.times else "",
        "series": " ".join(dict.fromkeys(h.series_uid for h in headers)),
    }
    return Provenance(
        made_by="reader dicom",
        sources=tuple(sources),
        software=f"napari-medassist {__version__}",
        details=tuple((key, value) for key, value in details.items() if value),
    )


def _folders(headers: list[Header]) -> list[str]:
    return list(dict.fromkeys(str(h.path.parent) for h in headers))


def _value_warnings(header: Header) -> Iterator[str]:
    if header.photometric == "MONOCHROME1":
        yield "Low values are meant to be shown bright (MONOCHROME1); the values are kept as stored."
    if header.has_value_table:
        yield "The values are stored ones: the file's value table (Modality LUT) was not applied."
