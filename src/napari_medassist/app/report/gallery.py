"""Pictures of the cases in which the two levels disagree most, drawn from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_files import ImageIndex
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.display import resample
from napari_medassist.app.report.sources import EvaluatedModel
from napari_medassist.app.windows import window_presets
from napari_medassist.core.errors import Cancelled, MedAssistError
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import Comparison, compare
from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Picture, PictureGroup
from napari_medassist.evaluation.report.drawing import svg_of
from napari_medassist.evaluation.report.slices import view_of, worst_slice
from napari_medassist.evaluation.report.worst import Chosen, caption, worst_cases
from napari_medassist.io.files import read, read_labels, read_volume

_NOTE = (
    "The axial slice with the worst error of each case, seen from the feet: the patient's right (R) is "
    "on the left of the picture. Solid outlines are the reference, dashed ones the prediction; colours "
    "tell the verdict, and words at each error. Slices count from 1, the lowest one."
)
_NO_FILES = "There are no pictures: the results do not say which files were compared."
_NOTHING = "There is no disagreement to show."


@dataclass(frozen=True, eq=False)
class PictureSources:
    """Where what lies below the outlines comes from.

    Parameters
    ----------
    images
        Images of the cases.
    zones
        Zone maps by case; those that the results know are used without being told.
    """

    images: ImageIndex = field(default_factory=ImageIndex)
    zones: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)


def gallery_of(
    models: Sequence[EvaluatedModel],
    columns: Sequence[ModelColumns],
    names: Names,
    sources: PictureSources,
    *,
    n_pictures: int,
    progress: Progress,
) -> tuple[tuple[PictureGroup, ...], str]:
    """Draw the worst disagreements.

    Parameters
    ----------
    models, columns
        The results, twice: with their files, and as columns.
    names
        What cases are called.
    sources
        Images and zones.
    n_pictures
        How many at most.
    progress
        Told how many are done; may raise ``Cancelled``.

    Returns
    -------
    tuple
        The pictures in groups, and how to read them or why there are none. A case whose files cannot be
        read, or are not what was compared, has a card that says so.
    """
    if not any(model.pairs for model in models):
        return (), _NO_FILES
    chosen = worst_cases(columns, n_pictures)
    groups: dict[str, list[Picture]] = {}
    for done, choice in enumerate(chosen):
        progress(done, len(chosen), "pictures")
        picture = _picture(choice, models[choice.model], columns[choice.model], names, sources)
        groups.setdefault(choice.group, []).append(picture)
    found = tuple(PictureGroup(title, tuple(pictures)) for title, pictures in groups.items())
    return found, _NOTE if found else _NOTHING


def _picture(
    choice: Chosen,
    model: EvaluatedModel,
    columns: ModelColumns,
    names: Names,
    sources: PictureSources,
) -> Picture:
    case = model.cohort.cases[choice.index]
    title = f"{names.of(case.case)} ({model.name})" if model.name else names.of(case.case)
    told = caption(case, columns.gap_of[case.case])
    try:
        svg, place = _drawn(model, model.pairs[choice.index], case, sources, f"{title}. {told}")
    except Cancelled:
        raise
    except MedAssistError as error:
        hidden = case.case in names.messages_withheld
        why = "its files could not be read" if hidden else error.message
        return Picture(choice.row, title, told, f"No picture: {why}")
    return Picture(choice.row, title, told, place, svg)


def _drawn(
    model: EvaluatedModel,
    pair: FilePair,
    case: CaseEvaluation,
    sources: PictureSources,
    description: str,
) -> tuple[str, str]:
    """Return the picture of a case, and which slice of what it shows."""
    reference = read_labels(pair.reference[0])
    prediction: Any = (read_labels if model.kind == "labels" else read_volume)(pair.prediction[0])
    comparison = compare(
        reference,
        prediction,
        label=model.labels,
        kind=model.kind,
        convention=model.convention,
        metrics=(),
    )
    if comparison.evaluation.counts != case.counts:
        raise MedAssistError("The files are not those that were compared; they have changed since.")
    z = worst_slice(comparison)
    if z is None:
        raise MedAssistError("Neither side holds a lesion.")
    image = _image(sources.images.images_of(pair.case), reference.geometry, z)
    zones = _zones(pair.zones or sources.zones.get(pair.case, ()), reference.geometry)
    return _shown(comparison, z, reference, image, zones, description)


def _shown(
    comparison: Comparison,
    z: int,
    reference: LabelMap,
    image: _ShownImage | None,
    zones: LabelMap | None,
    description: str,
) -> tuple[str, str]:
    _, *spacing_yx = reference.geometry.spacing_zyx_mm
    view = view_of(
        comparison,
        z,
        (spacing_yx[0], spacing_yx[1]),
        grey=None if image is None else image.grey,
        zones=None if zones is None or image is not None else np.asarray(zones.array[z]),
    )
    below = "masks only" if zones is None else "masks and zones"
    if image is not None:
        below = image.told
    place = f"Slice {z + 1} of {view.n_slices}, {below}."
    return svg_of(view, f"{description} {place}"), place


@dataclass(frozen=True, eq=False)
class _ShownImage:
    """A slice of an image as it is drawn: (y, x) greys, and what it is."""

    grey: NDArray[np.uint8]
    told: str


def _image(places: Sequence[Path], geometry: Geometry, z: int) -> _ShownImage | None:
    """Return a slice of an image on the grid of the label maps, as acquired if possible, T2w first.

    An image on another grid is resampled, for the picture only; one that does not reach the slice is
    not shown.
    """
    found = [v for place in places for v in read(place).volumes() if v.array.ndim == 3]

    def last(volume: Volume) -> tuple[bool, bool]:
        return not volume.geometry.is_same_grid(geometry), (volume.role or "").lower() != "t2w"

    for volume in sorted(found, key=last):
        name = volume.role or "the image"
        if volume.geometry.is_same_grid(geometry):
            return _ShownImage(_grey(volume, np.asarray(volume.array[z])), f"on {name}")
        values = _resampled(volume, geometry, z)
        if np.isfinite(values).any():
            told = f"on {name}, which was resampled to the grid of the masks for this picture"
            return _ShownImage(_grey(volume, values), told)
    return None


def _resampled(image: Volume, geometry: Geometry, z: int) -> NDArray[Any]:
    """Return a slice of the grid of the label maps, (y, x); NaN where the image does not reach."""
    origin = geometry.index_to_lps((z, 0, 0))
    plane = replace(
        geometry,
        shape_zyx=(1, *geometry.shape_zyx[1:]),
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
    )
    values: NDArray[Any] = resample(image.array, image.geometry, plane, nearest=False, outside=np.nan)[
        0
    ]
    return values


def _zones(places: Sequence[Path], geometry: Geometry) -> LabelMap | None:
    if len(places) != 1:
        return None
    zones = read_labels(places[0])
    return zones if zones.geometry.is_same_grid(geometry) else None


def _grey(image: Volume, values: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = window_presets(image)[0].limits
    known = np.nan_to_num(values.astype(np.float64), nan=low)
    return (np.clip((known - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)
