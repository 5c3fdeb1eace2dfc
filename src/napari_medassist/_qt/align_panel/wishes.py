"""What a user has chosen, as an alignment takes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from napari.layers import Labels

from napari_medassist._qt.align_panel.choice_box import AT_LANDMARKS, BY_HAND, ChoiceBox
from napari_medassist._qt.align_panel.landmark_box import LandmarkBox
from napari_medassist._qt.align_panel.nudge_box import NudgeBox
from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.layer_data import link_of
from napari_medassist.app.registering.aligning import Companions
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.landmarks import LandmarkPair, landmark_places
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import GridImage, Volume
from napari_medassist.registration.start import Start, from_landmarks


def start_of(
    choice: ChoiceBox, nudge: NudgeBox, landmarks: LandmarkBox, fixed: Volume
) -> Start | AffineTransform:
    """Return where an alignment shall begin.

    Raises
    ------
    InvalidSetting
        If it shall begin at the landmarks, and they are too few or lie on a line.
    """
    chosen = choice.start.currentData()
    if chosen == BY_HAND:
        return nudge.nudge.map_for(fixed.geometry)
    if chosen == AT_LANDMARKS:
        return from_landmarks(*landmark_places(landmarks.pairs))
    return Start(chosen)


def outlining_layers(bridge: Bridge) -> list[tuple[Labels, Geometry]]:
    """Return the layers of label maps that lie on a grid in the patient, each with its grid."""
    linked = [(layer, link_of(layer.metadata)) for layer in bridge.label_layers()]
    return [
        (layer, link.image.geometry)
        for layer, link in linked
        if link is not None and isinstance(link.image, GridImage)
    ]


def companions_of(
    bridge: Bridge,
    pairs: Sequence[LandmarkPair],
    fixed: Volume,
    moving: Volume,
    outlines: tuple[Labels, Labels] | None,
) -> Companions:
    """Return what goes along: outlines, compared with each other, and other label maps.

    Raises
    ------
    InvalidImage
        If a layer was moved or reshaped, so that nobody knows where its labels lie.
    """
    taken = () if outlines is None else outlines
    others = tuple(
        (bridge.labels_of(layer), None)
        for layer in _layers_on(bridge, moving, fixed)
        if layer not in taken
    )
    if outlines is None:
        return Companions(others, pairs)
    own, there = (bridge.labels_of(layer) for layer in outlines)
    masks = np.asarray(own.array) > 0, np.asarray(there.array) > 0
    return Companions(((there, own), *others), pairs, *masks)


def _layers_on(bridge: Bridge, image: Volume, fixed: Volume) -> list[Labels]:
    """Return the layers of label maps on an image's own grid: they are carried along."""
    if image.geometry.is_same_grid(fixed.geometry):
        return []  # nobody knows on which of the two they were drawn
    return [layer for layer, grid in outlining_layers(bridge) if grid.is_same_grid(image.geometry)]
