"""What is in a case, as plain values for a table or JSON."""

from __future__ import annotations

from typing import Any

from napari_medassist.core.case import Case, Series
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Volume


def describe(case: Case) -> dict[str, Any]:
    """Return what a case holds; JSON can hold it as it is.

    Parameters
    ----------
    case
        The case.

    Returns
    -------
    dict
        ``case`` (name), ``series`` (a list: images, then label maps), ``warnings``. Images of one DICOM
        series with one role are one entry with all its b-values. Each entry has role, modality,
        description, shape_zyx, spacing_zyx_mm, origin_lps_mm, direction (3x3, columns x, y, z, LPS),
        n_timepoints, b_values and warnings.
    """
    groups: dict[tuple[object, ...], list[Series]] = {}
    for image in case.series:
        groups.setdefault(_group_key(image), []).append(image)
    entries = [_entry(images) for images in groups.values()]
    return {
        "case": case.name,
        "series": entries + [_labels_entry(labels) for labels in case.labels],
        "warnings": list(case.warnings),
    }


def _group_key(image: Series) -> tuple[object, ...]:
    uid = image.acquisition.series_uid
    if not uid or isinstance(image, VideoClip) or image.b_value_s_mm2 is None:
        return (id(image),)
    return (uid, image.role, image.geometry)


def _entry(images: list[Series]) -> dict[str, Any]:
    first = images[0]
    acquisition = first.acquisition
    b_values = [b for b in (i.acquisition.b_value_s_mm2 for i in images) if b is not None]
    common = {
        "role": first.role,
        "modality": str(first.modality),
        "description": acquisition.description or first.name,
        "series_number": acquisition.series_number,
    }
    place = _place(first) if isinstance(first, Volume) else _clip_size(first)
    return {
        **common,
        **place,
        "b_values": sorted(b_values),
        "calculated": acquisition.calculated,
        "times_s": list(acquisition.times_s),
        "time_source": acquisition.time_source,
        "unit": acquisition.unit,
        "warnings": sorted({warning for image in images for warning in image.warnings}),
    }


def _place(volume: Volume | LabelMap) -> dict[str, Any]:
    geometry = volume.geometry
    return {
        "shape_zyx": list(geometry.shape_zyx),
        "spacing_zyx_mm": list(geometry.spacing_zyx_mm),
        "origin_lps_mm": list(geometry.origin_lps_mm),
        "direction": [list(row) for row in geometry.direction_lps],
        "plane": volume.plane,
        "n_timepoints": volume.n_timepoints,
    }


def _clip_size(clip: VideoClip) -> dict[str, Any]:
    spacing = clip.spacing_yx_mm
    return {
        "shape_zyx": [1, *clip.frames.shape[1:3]],
        "spacing_zyx_mm": None if spacing is None else [None, *spacing],
        "origin_lps_mm": None,
        "direction": None,
        "plane": None,
        "n_timepoints": clip.n_frames,
    }


def _labels_entry(labels: LabelMap) -> dict[str, Any]:
    return {
        "role": "label",
        "modality": "SEG",
        "description": labels.name,
        "series_number": None,
        **_place(labels),
        "b_values": [],
        "calculated": False,
        "times_s": [],
        "time_source": "",
        "unit": "",
        "values": list(labels.values()),
        "warnings": list(labels.warnings),
    }
