"""Lesions without a mask, marked on the image where they were named."""

from __future__ import annotations

import numpy as np
from napari.layers import Points

from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.layer_data import AXES_ZYX, POINT_MARKS_KEY

NAME = "Lesions without a mask (MedAssist)"
_SIZE_MM = 5.0
_COLOUR = "#ffb000"


class PointMarks:
    """Keeps a layer of rings true to the table; there is none while every lesion has a mask.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    store
        The lesions.
    """

    def __init__(self, bridge: Bridge, store: FindingStore) -> None:
        self._bridge, self._store = bridge, store
        self._shown: tuple[tuple[tuple[float, float, float], str], ...] = ()
        self._layer: Points | None = None
        store.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what is marked now."""
        viewer = self._bridge.viewer
        if viewer is None:
            return
        marked = tuple(
            (point, str(finding.number))
            for finding in self._store.findings()
            if (point := finding.point_lps_mm) is not None
        )
        is_there = self._layer is not None and self._layer in viewer.layers
        if marked == self._shown and is_there is bool(marked):
            return
        self._shown = marked
        if is_there:
            viewer.layers.remove(self._layer)
        self._layer = self._added(marked) if marked and self._bridge.session.case is not None else None

    def _added(self, marked: tuple[tuple[tuple[float, float, float], str], ...]) -> Points:
        viewer, active = self._bridge.viewer, self._bridge.viewer.layers.selection.active
        frame = self._bridge.session.frame
        layer = Points(
            np.asarray([frame.lps_to_world(point) for point, _ in marked]),
            name=NAME,
            ndim=3,
            size=_SIZE_MM,
            symbol="ring",
            face_color=_COLOUR,
            border_width=0,
            units=("mm",) * 3,
            axis_labels=AXES_ZYX,
            features={"lesion": np.asarray([number for _, number in marked], dtype=object)},
            text={"string": "{lesion}", "color": _COLOUR, "size": 11, "translation": (0, -4, 0)},
            metadata={POINT_MARKS_KEY: True},
        )
        layer.editable = False
        viewer.add_layer(layer)
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active  # the reader goes on with what was in hand
        return layer
