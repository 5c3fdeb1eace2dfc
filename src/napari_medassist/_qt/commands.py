"""What our entries in napari's menus do."""

from __future__ import annotations

from napari.viewer import Viewer

from napari_medassist._qt import acts
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import cohort_dock_of, dock_of
from napari_medassist._qt.messages import shows_errors


@shows_errors
def new_labels(viewer: Viewer) -> None:
    """Layers > Annotate: an empty labels layer on the selected image's grid."""
    dock_of(viewer).show_case()
    acts.new_labels(bridge_of(viewer))


@shows_errors
def threshold_labels(viewer: Viewer) -> None:
    """Layers > Segment: label what is brighter than the middle of the selected image's window."""
    dock_of(viewer).show_case()
    acts.threshold_labels(bridge_of(viewer))


@shows_errors
def fuse(viewer: Viewer) -> None:
    """Layers > Register: lay the selected image over the case's reference image, in colour."""
    acts.fuse(bridge_of(viewer))


@shows_errors
def compare(viewer: Viewer) -> None:
    """Layers > Measure: the panel that compares two label maps."""
    dock_of(viewer).show_comparison()


@shows_errors
def cohort(viewer: Viewer) -> None:
    """Plugins > MedAssist cohort: the dock to look through a cohort, at the bottom."""
    cohort_dock_of(viewer)
