"""A case as it is opened in the viewer: images, reference, prediction, zones, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.interest import corners_lps_mm
from napari_medassist.app.layer_data import values_of
from napari_medassist.core.case import Case, Series
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap
from napari_medassist.core.volume import GridImage, Volume

PredictedMap = LabelMap | ProbabilityMap | DetectionMap
#: Roles of a predicted map of confidences, as an image.
_MAP_ROLES = {ProbabilityMap: "probability", DetectionMap: "detection"}


@dataclass(frozen=True, eq=False)
class OpenedCase:
    """The images and maps of one case of a cohort.

    Parameters
    ----------
    name
        Name of the case, from its files; never the patient's.
    model
        The model whose prediction it is.
    images
        The images; without series if there are none. Nothing is resampled.
    reference, prediction
        What is compared; None where it is missing or cannot be read. A prediction is a label map, a
        probability map or a detection map.
    zones
        Zones of the organ; None where there are none.
    problems
        Why something is missing, in sentences.
    """

    name: str
    model: str
    images: Case
    reference: LabelMap | None = None
    prediction: PredictedMap | None = None
    zones: LabelMap | None = None
    problems: tuple[str, ...] = ()

    @property
    def case(self) -> Case:
        """Images and label maps as one case for the session: reference, prediction, zones.

        A predicted map of confidences is an image among the others, so that it can be seen.
        """
        maps = (self.reference, self.prediction, self.zones)
        labels = tuple(m for m in maps if isinstance(m, LabelMap))
        warnings = (*self.images.warnings, *self.problems)
        series = (*self.images.series, *self._confidences())
        return replace(self.images, name=self.name, series=series, labels=labels, warnings=warnings)

    @cached_property
    def corners_lps_mm(self) -> NDArray[np.float64] | None:
        """Corners of what to look at, (n, 3) LPS mm: of the zones, else of both sides; None if empty.

        To find it takes a moment; see :func:`~napari_medassist.app.browser.interest.corners_lps_mm`.
        """
        maps = (self.reference, self.prediction) if self.zones is None else (self.zones,)
        return corners_lps_mm([image for image in maps if image is not None])

    def prepare(self) -> None:
        """Look at all voxels for what the window will ask; for another thread."""
        _ = self.corners_lps_mm
        for labels in self.case.labels:
            values_of(labels)

    def _confidences(self) -> tuple[Volume, ...]:
        found = self.prediction
        if not isinstance(found, ProbabilityMap | DetectionMap):
            return ()
        role = _MAP_ROLES[type(found)]
        return (Volume(found.array, found.geometry, found.source, self.model or found.name, role=role),)

    @property
    def can_be_compared(self) -> bool:
        """Whether both sides are there; whether they share a grid shows when they are compared."""
        return self.reference is not None and self.prediction is not None

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays."""
        maps: tuple[GridImage | None, ...] = (self.reference, self.prediction, self.zones)
        n_images = sum(bytes_of(series) for series in self.images.series)
        return n_images + sum(bytes_of(image) for image in maps if image is not None)


def bytes_of(image: Series | GridImage) -> int:
    """Return the bytes that an image's array takes; those of a lazy one once it is looked at whole."""
    if not isinstance(image, GridImage):
        return 0  # a clip reads its frames as they are looked at
    array = image.array
    return int(np.prod(array.shape, dtype=np.int64)) * int(np.dtype(array.dtype).itemsize)
