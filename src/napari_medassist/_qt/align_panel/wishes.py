"""What a user has chosen, as an alignment takes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from napari.layers import Labels

from napari_medassist._qt.align_panel.choice_box import AT_LANDMARKS, BY_HAND, ChoiceBox
from napari_medassist._qt.align_panel.landmark_box import LandmarkBox
from napari_medassist._qt.align_panel.nudge_box import NudgeBox
from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.registering.aligning import Companions
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.landmarks import LandmarkPair, landmark_places
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
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


def companions_of(
    bridge: Bridge,
    pairs: Sequence[LandmarkPair],
    fixed: Volume,
    moving: Volume,
    outlines: tuple[LabelMap, LabelMap] | None,
) -> Companions:
    """Return what goes along: outlines, compared with each other, and other label maps."""
    others = _labels_on(bridge, moving, fixed)
    if outlines is None:
        return Companions(tuple((labels, None) for labels in others), pairs)
    own, there = outlines
    labels = ((there, own), *((m, None) for m in others if m.name != there.name))
    return Companions(labels, pairs, np.asarray(own.array) > 0, np.asarray(there.array) > 0)


def _labels_on(bridge: Bridge, image: Volume, fixed: Volume) -> list[LabelMap]:
    """Return the label maps on an image's own grid: they are carried along."""
    if image.geometry.is_same_grid(fixed.geometry):
        return []  # nobody knows on which of the two they were drawn
    maps = [bridge.labels_of(layer) for layer in bridge.layers(Labels)]
    return [labels for labels in maps if labels.geometry.is_same_grid(image.geometry)]
