"""From an image that SimpleITK read to volumes, or to the label maps that the file declares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK

from napari_medassist.core.labels import LabelMap
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Volume
from napari_medassist.io.bridges import geometry_from_sitk, layers_from_sitk, volume_from_sitk
from napari_medassist.io.file_checks import name_without_ending
from napari_medassist.io.format import Loaded
from napari_medassist.io.segmentation_header import declares_segments, read_segments, scheme_of_layer
from napari_medassist.io.simpleitk_files import metadata_of

_NO_TIMES = "{} time points; the file does not say how far apart in time."


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file beside its voxels.

    Parameters
    ----------
    path
        The file.
    format_name
        Name of the format that read it.
    extensions
        The format's endings, which are no part of the image's name.
    times_s, time_source
        As in :class:`~napari_medassist.core.volume.Acquisition`.
    warnings
        What is doubtful about its header.
    """

    path: Path
    format_name: str
    extensions: tuple[str, ...]
    times_s: tuple[float, ...] = ()
    time_source: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return name_without_ending(self.path, self.extensions)

    def provenance(self) -> Provenance:
        """Say which reader read which file."""
        version = SimpleITK.Version.VersionString()
        return Provenance(
            made_by=f"reader {self.format_name}",
            sources=(str(self.path),),
            software=f"SimpleITK {version}",
        )


def loaded_from_sitk(image: SimpleITK.Image, facts: FileFacts) -> Loaded:
    """Make label maps of an image whose metadata declare segments, else one volume.

    The components of a vector image are layers of a segmentation, or time points of a volume; callers
    refuse colours beforehand.

    Raises
    ------
    CorruptFile, InvalidImage, InvalidGeometry
        If the header or the values break what they promise; the callers add the path.
    """
    if declares_segments(metadata_of(image)):
        return Loaded(labels=_label_maps(image, facts))
    return Loaded(series=(_volume(image, facts),))


def _volume(image: SimpleITK.Image, facts: FileFacts) -> Volume:
    warnings = [*facts.warnings]
    is_list = image.GetNumberOfComponentsPerPixel() > 1
    n_times = image.GetNumberOfComponentsPerPixel() if is_list else (*image.GetSize(), 1, 1)[3]
    if n_times > 1 and not facts.times_s:
        warnings.append(_NO_TIMES.format(n_times))
    if image.GetDimension() == 2:
        warnings.append("A single slice that does not state its thickness: 1 mm was taken.")
    acquisition = Acquisition(
        description=facts.name, times_s=facts.times_s, time_source=facts.time_source
    )
    fields = {
        "name": facts.name,
        "acquisition": acquisition,
        "warnings": tuple(warnings),
        "provenance": facts.provenance(),
    }
    if is_list:
        return Volume.from_stored(layers_from_sitk(image), geometry_from_sitk(image), **fields)
    return volume_from_sitk(image, **fields)


def _label_maps(image: SimpleITK.Image, facts: FileFacts) -> tuple[LabelMap, ...]:
    layers = layers_from_sitk(image)
    segments = read_segments(metadata_of(image), len(layers))
    maps = []
    for number, values in enumerate(layers):
        scheme, warnings = scheme_of_layer(segments, number)
        label_map = LabelMap.from_stored(
            np.ascontiguousarray(values),
            geometry_from_sitk(image),
            scheme=scheme,
            name=facts.name if len(layers) == 1 else f"{facts.name} layer {number + 1}",
            warnings=(*facts.warnings, *warnings),
            provenance=facts.provenance(),
        )
        maps.append(label_map)
    return tuple(maps)
