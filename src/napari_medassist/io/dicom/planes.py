"""Image planes: single frames with a place in the patient, from classic and enhanced files alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from napari_medassist.core.errors import InvalidGeometry
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.io.dicom.diffusion import Diffusion, diffusion_of
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.tags import Tags
from napari_medassist.io.dicom.timing import times_of

#: Functional groups of enhanced files that hold values used here (the last one is Philips' own).
_GROUPS: tuple[str | int, ...] = (
    "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence",
    "PixelValueTransformationSequence", "FrameContentSequence", "TemporalPositionSequence",
    "MRDiffusionSequence", "DiffusionGradientDirectionSequence", "MREchoSequence",
    "MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "FrameVOILUTSequence", 0x2005140F,
)  # fmt: skip
_GEOMETRY_TAGS = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
#: How far the stated axes may be from unit length and from a right angle before they are refused.
_AXIS_TOLERANCE = 0.01


@dataclass(frozen=True)
class Plane:
    """One frame with its place in the patient.

    Parameters
    ----------
    header
        What holds for the whole file.
    frame
        Index of the frame in its file.
    position_lps_mm
        Centre of the first pixel.
    row_lps, column_lps
        Unit vectors along which the column index (x) and the row index (y) grow.
    spacing_yx_mm
        Distance between rows, and between columns.
    slope, intercept
        Real value = slope x stored value + intercept.
    diffusion
        Diffusion weighting.
    echo_time_ms, image_type, times, window
        What tells apart images at one position; time tags -> seconds; display window (centre, width).
    slice_thickness_mm, spacing_between_slices_mm
        As stated; used for single slices only: other spacing is measured from the positions.
    """

    header: Header
    frame: int
    position_lps_mm: Triple
    row_lps: Triple
    column_lps: Triple
    spacing_yx_mm: tuple[float, float]
    slope: float
    intercept: float
    diffusion: Diffusion
    echo_time_ms: float | None
    image_type: tuple[str, ...]
    times: Mapping[str, float]
    window: tuple[float, float] | None
    slice_thickness_mm: float | None
    spacing_between_slices_mm: float | None

    @property
    def normal_lps(self) -> Float:
        """Unit vector across the plane: row x column direction."""
        normal: Float = np.cross(self.row_lps, self.column_lps)
        return normal / np.linalg.norm(normal)


def lies_in_patient(header: Header, dataset: Dataset) -> bool:
    """Tell whether the frames of a file are grey images with a place in the patient."""
    if header.is_colour:
        return False
    if "PerFrameFunctionalGroupsSequence" in dataset:
        tags = next(_frame_tags(header, dataset), None)
    else:
        tags = Tags(header.path, (dataset,)) if header.n_frames == 1 else None
    return tags is not None and all(tags.states(tag) for tag in _GEOMETRY_TAGS)


def planes_of(header: Header, dataset: Dataset) -> list[Plane]:
    """Read the planes of a file for which :func:`lies_in_patient` holds.

    Raises
    ------
    InvalidGeometry
        If position, orientation or pixel spacing cannot describe a plane.
    """
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return [_plane(header, 0, Tags(header.path, (dataset,)))]
    frames = list(_frame_tags(header, dataset))
    if len(frames) != header.n_frames:
        raise InvalidGeometry(
            f"The file has {header.n_frames} frames but describes the place of {len(frames)}.",
            path=header.path,
            cure="Export the image anew.",
        )
    return [_plane(header, index, tags) for index, tags in enumerate(frames)]


def _frame_tags(header: Header, dataset: Dataset) -> Iterator[Tags]:
    shared = [
        source
        for item in dataset.get("SharedFunctionalGroupsSequence") or []
        for source in _group_items(item)
    ]
    for item in dataset.PerFrameFunctionalGroupsSequence:
        yield Tags(header.path, (*_group_items(item), *shared, dataset))


def _group_items(item: Dataset) -> Iterator[Dataset]:
    """Go through the functional groups of an item, and what is nested in them."""
    for name in _GROUPS:
        if name in item and item[name].VR == "SQ" and len(item[name].value) == 1:
            yield item[name].value[0]
            yield from _group_items(item[name].value[0])


def _plane(header: Header, frame: int, tags: Tags) -> Plane:
    row, column = _axes(tags)
    slope = tags.number("RescaleSlope")
    echo_time = tags.number("EffectiveEchoTime")
    frame_type = tuple(part.upper() for part in tags.texts("FrameType"))
    return Plane(
        header=header,
        frame=frame,
        position_lps_mm=_position(tags),
        row_lps=row,
        column_lps=column,
        spacing_yx_mm=_spacing(tags),
        slope=1.0 if slope is None else slope,
        intercept=tags.number("RescaleIntercept") or 0.0,
        diffusion=diffusion_of(header, tags),
        echo_time_ms=tags.number("EchoTime") if echo_time is None else echo_time,
        image_type=frame_type or header.image_type,
        times=times_of(tags),
        window=_window(tags),
        slice_thickness_mm=_positive(tags, "SliceThickness"),
        spacing_between_slices_mm=_positive(tags, "SpacingBetweenSlices"),
    )


def _position(tags: Tags) -> Triple:
    x, y, z = tags.coordinates("ImagePositionPatient", 3) or _missing(tags, "ImagePositionPatient")
    return x, y, z


def _axes(tags: Tags) -> tuple[Triple, Triple]:
    stated = tags.coordinates("ImageOrientationPatient", 6) or _missing(tags, "ImageOrientationPatient")
    axes = np.reshape(stated, (2, 3))
    lengths = np.linalg.norm(axes, axis=1)
    if (np.abs(lengths - 1) > _AXIS_TOLERANCE).any() or abs(axes[0] @ axes[1]) > _AXIS_TOLERANCE:
        raise InvalidGeometry(
            f"ImageOrientationPatient {tuple(stated)} holds no two unit vectors at right angles.",
            path=tags.path,
            cure="Export the image anew; a volume cannot be placed without it.",
        )
    (a, b, c), (d, e, f) = (tuple(float(v) for v in axis) for axis in axes / lengths[:, None])
    return (a, b, c), (d, e, f)


def _spacing(tags: Tags) -> tuple[float, float]:
    y, x = tags.coordinates("PixelSpacing", 2) or _missing(tags, "PixelSpacing")
    if min(y, x) <= 0:
        raise InvalidGeometry(
            f"PixelSpacing must be positive, it is {y} x {x} mm.",
            path=tags.path,
            cure="Export the image anew; distances cannot be known without it.",
        )
    return y, x


def _missing(tags: Tags, tag: str) -> tuple[float, ...]:
    raise InvalidGeometry(
        f"The tag {tag} is missing in a frame.",
        path=tags.path,
        cure="Export the image anew; a volume cannot be placed without it.",
    )


def _window(tags: Tags) -> tuple[float, float] | None:
    centre, width = tags.number("WindowCenter"), tags.number("WindowWidth")
    return (centre, width) if centre is not None and width is not None and width > 0 else None


def _positive(tags: Tags, tag: str) -> float | None:
    value = tags.number(tag)
    return value if value is not None and value > 0 else None
