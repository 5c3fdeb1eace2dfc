"""Radiotherapy structure sets (RTSTRUCT) become label maps on the grid of the image they refer to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from napari_medassist import __version__
from napari_medassist.core.errors import CorruptFile, FileProblem, GeometryMismatch
from napari_medassist.core.geometry import Float
from napari_medassist.core.labels import Code, Label, LabelMap, LabelScheme, default_colour
from napari_medassist.core.provenance import Provenance
from napari_medassist.io.dicom.derived.contours import mask_of
from napari_medassist.io.dicom.derived.found import Derived
from napari_medassist.io.dicom.derived.layering import lay
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.value_notes import label_values
from napari_medassist.io.dicom.tags import MALFORMED

#: How far from a slice a contour may lie; more, and it was drawn for another image.
ON_SLICE_MM = 0.1
_AREAS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
Masks = dict[int, NDArray[np.bool_]]


def read_structure_set(path: Path, sources: Sequence[SourceSeries]) -> Derived:
    """Read a structure set.

    A voxel belongs to a structure if its centre lies inside the structure's contours or on one; where
    contours of one structure lie within each other they cut holes. Structures that overlap go into
    several label maps, and it is told, as are structures that enclose no area.

    Parameters
    ----------
    path
        The file.
    sources
        The images that are there; the one that it refers to must be among them, since contours have
        no voxels of their own.

    Raises
    ------
    CorruptFile
        If the file cannot be read.
    FileProblem
        If the image that it refers to is not there.
    GeometryMismatch
        If a contour is not flat, or lies between the slices of the image.
    """
    try:
        dataset = dcmread(path, force=True)
        source = _source(path, dataset, sources)
        return _read(path, dataset, source)
    except MALFORMED as error:
        if isinstance(error, FileProblem | GeometryMismatch):
            raise
        raise CorruptFile(
            f"The structure set cannot be read ({error or type(error).__name__}).",
            path=path,
            cure="The file may be truncated: copy it anew from its source.",
        ) from error


def _source(path: Path, dataset: Dataset, sources: Sequence[SourceSeries]) -> SourceSeries:
    series, images = set(), set()
    for item in _items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in _items(item, "RTReferencedStudySequence"):
            for one in _items(study, "RTReferencedSeriesSequence"):
                series.add(str(one.get("SeriesInstanceUID", "")))
                images |= _image_uids(one)
    for structure in _items(dataset, "ROIContourSequence"):
        for contour in _items(structure, "ContourSequence"):
            images |= _image_uids(contour)
    for source in sources:
        own = {plane.header.sop_instance_uid for plane in source.planes}
        if own & images or (source.series_uid in series and not images):
            return source
    raise FileProblem(
        "The images that this structure set was drawn on are not here, and contours have no voxels of "
        "their own.",
        path=path,
        cure="Put it into the folder of its images and open that folder.",
    )


def _read(path: Path, dataset: Dataset, source: SourceSeries) -> Derived:
    names = {int(item.ROINumber): item for item in dataset.StructureSetROISequence}
    structures: dict[int, Masks] = {}
    told: list[str] = []
    colours: dict[int, tuple[int, int, int]] = {}
    for item in _items(dataset, "ROIContourSequence"):
        number = int(item.ReferencedROINumber)
        if item.get("ROIDisplayColor"):
            red, green, blue = (int(c) for c in item.ROIDisplayColor)
            colours[number] = (red, green, blue)
        masks, other = _masks(path, item, source)
        if masks:
            structures[number] = masks
        if other or not masks:
            name = names[number].get("ROIName", number)
            told.append(f"{path.name}: '{name}' has {other or 'no'} contours that enclose no area.")
    values = label_values({n: str(names[n].get("ROIDescription", "")) for n in structures})
    shape = source.geometry.shape_zyx
    layers = lay(path, shape, ((values[n], list(m.items())) for n, m in structures.items()))
    if len(layers) > 1:
        told.append(f"{path.name}: structures overlap, so that it makes {len(layers)} label maps.")
    codes = _codes(dataset)
    title = str(dataset.get("SeriesDescription") or dataset.get("StructureSetLabel") or "Structures")
    labels = []
    for part, layer in enumerate(layers, start=1):
        here = set(np.unique(layer).tolist())
        scheme = tuple(
            Label(v, str(names[n].get("ROIName") or f"structure {n}"),
                  colours.get(n, default_colour(v)), codes.get(n))
            for n, v in values.items() if v in here
        )  # fmt: skip
        labels.append(
            LabelMap.from_stored(
                layer,
                source.geometry,
                name=title + (f" ({part})" if len(layers) > 1 else ""),
                scheme=LabelScheme(scheme),
                provenance=Provenance(
                    made_by="reader dicom rtstruct",
                    sources=(str(path),),
                    software=f"napari-medassist {__version__}",
                ),
            )
        )
    return Derived(labels=tuple(labels), warnings=tuple(told))


def _masks(path: Path, structure: Dataset, source: SourceSeries) -> tuple[Masks, int]:
    """Return the masks of a structure by slice, and how many contours enclose no area."""
    shape = source.geometry.shape_zyx
    masks: Masks = defaultdict(lambda: np.zeros(shape[1:], bool))
    other = 0
    for contour in _items(structure, "ContourSequence"):
        if contour.get("ContourGeometricType") not in _AREAS:
            other += 1
            continue
        z, polygon = _on_slice(path, contour, source)
        masks[z] ^= mask_of(polygon, (shape[1], shape[2]))
    return dict(masks), other


def _on_slice(path: Path, contour: Dataset, source: SourceSeries) -> tuple[int, Float]:
    points = np.asarray(contour.ContourData, dtype=np.float64).reshape(-1, 3)
    index = source.geometry.lps_to_index(points)
    z = round(float(np.median(index[:, 0])))
    normal = source.planes[0].normal_lps
    origin = source.geometry.index_to_lps((z, 0, 0))
    off_mm = float(np.abs((points - origin) @ normal).max())
    spread_mm = float(np.ptp(points @ normal))
    if spread_mm > 2 * ON_SLICE_MM:
        raise GeometryMismatch(
            f"A contour is not flat in the plane of the slices of '{source.title}': its points lie up "
            f"to {spread_mm:.2f} mm apart across it.",
            path=path,
            cure="Export the structures anew, drawn on the slices of one image series.",
        )
    if off_mm > ON_SLICE_MM or not 0 <= z < source.geometry.shape_zyx[0]:
        raise GeometryMismatch(
            f"A contour lies on no slice of '{source.title}' ({off_mm:.2f} mm from the nearest).",
            path=path,
            cure="Open it with the image that it was drawn on; contours are not resampled.",
        )
    # Millimetres are rounded in files: a corner meant to lie on a centre must lie on it.
    return z, np.round(index[:, 1:], 3)


def _codes(dataset: Dataset) -> dict[int, Code]:
    found = {}
    for item in _items(dataset, "RTROIObservationsSequence"):
        for code in _items(item, "RTROIIdentificationCodeSequence"):
            found[int(item.ReferencedROINumber)] = Code(
                str(code.get("CodingSchemeDesignator", "")),
                str(code.get("CodeValue", "")),
                str(code.get("CodeMeaning", "")),
            )
    return found


def _image_uids(item: Dataset) -> set[str]:
    return {str(i.ReferencedSOPInstanceUID) for i in _items(item, "ContourImageSequence")}


def _items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    yield from dataset.get(keyword) or ()
