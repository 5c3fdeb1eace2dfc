"""The link between a napari viewer and the session: one a viewer, made when first needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.notifications import show_warning
from psygnal import Signal

from napari_medassist._qt.comparer import Comparer
from napari_medassist._qt.label_grids import give_a_grid, labels_of, redraw
from napari_medassist._qt.layer_reuse import arranged_once, fill, fits, sliced_once
from napari_medassist._qt.navigation import Navigation
from napari_medassist._qt.recording import LayerRecorder
from napari_medassist._qt.stale_contexts import forget_stale_contexts
from napari_medassist._qt.verdicts import VerdictLayers
from napari_medassist.app.hanging.values import values_in_words
from napari_medassist.app.layer_data import CLIP_MASK_KEY, SUGGESTED_KEY, labels_layer, link_of
from napari_medassist.app.patient_position import in_words
from napari_medassist.app.session import ComparedLabels, Session, is_called_zones
from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import GridImage, Volume

if TYPE_CHECKING:
    from napari.components import ViewerModel


#: Width of the lines around zones, in voxels.
_ZONE_CONTOUR = 1
#: The same around a model's suggestions: the image within is what a reader judges.
_SUGGESTED_CONTOUR = 1


class Bridge:
    """Keeps a viewer's layers and the session in step.

    Emits ``layers_changed`` when a layer of the case came, went, was shown, hidden or renamed.

    Layers that carry a :class:`LayerLink` (from our reader, or made here) are known to the session,
    whichever way they came into the viewer. Use :func:`bridge_of`, not the constructor.

    Parameters
    ----------
    viewer
        The viewer.
    """

    layers_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = ref(viewer)  # the table of bridges must not keep closed viewers alive
        # Behind the circle of napari's brush lies an empty box, which is still drawn when no layer is
        # left: some drivers crash there (napari 0.9).
        viewer.canvas.overlays._brush_circle.box = False
        self.session = Session()
        self._known_cases: list[Case] = []
        self._navigation = Navigation(viewer, self.session)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.events.status.connect(self._on_status)
        self.session.comparison_begun.connect(self._hide_compared)
        self.session.case_changed.connect(self._tidy)
        self.verdicts = VerdictLayers(viewer, self.session)
        self.comparer = Comparer(self.session, self.layer_of)
        self.recorder = LayerRecorder(self)
        #: Takes the next patient point (LPS mm) that is clicked: on the canvas with None, in a linked
        #: view with the layer that it shows.
        self.place_wanted: Callable[[np.ndarray, Layer | None], None] | None = None
        for layer in viewer.layers:
            self._adopt(layer)

    @property
    def viewer(self) -> Any:
        """The viewer."""
        return self._viewer()

    # ---------------------------------------------------------------- layers

    def layers(self, kind: type[Layer] = Layer) -> list[Layer]:
        """Return the viewer's layers of a kind that belong to the case, top one first.

        A viewer that was closed has none: timers of panels may still ask for a moment.
        """
        viewer = self.viewer
        return [
            layer
            for layer in reversed([] if viewer is None else viewer.layers)
            if isinstance(layer, kind) and link_of(layer.metadata) is not None
        ]

    def layer_of(self, image: Series | GridImage) -> Layer | None:
        """Return the layer that shows an image; None if it was removed."""
        return next((n for n in self.layers() if self._image_of(n) is image), None)

    def label_layers(self) -> list[Labels]:
        """Return the layers that hold label maps a user may compare, top one first."""
        return [layer for layer in self.layers(Labels) if CLIP_MASK_KEY not in layer.metadata]

    def drawn_layers(self) -> list[Labels]:
        """Return the layers that are drawn on: label maps, and masks of clips; top one first."""
        return self.layers(Labels)

    def known_cases(self) -> tuple[Case, ...]:
        """Return the cases whose layers are shown: what was opened one after another."""
        return tuple(self._known_cases)

    def selected_volume(self) -> Volume | None:
        """Return the volume of the layer that is selected, if one is."""
        active = self.viewer.layers.selection.active
        image = None if active is None else self._image_of(active)
        return image if isinstance(image, Volume) and image.array.ndim == 3 else None

    def selected_clip(self) -> VideoClip | None:
        """Return the clip that is selected, or whose masks are; the first of a case without volumes."""
        active, case = self.viewer.layers.selection.active, self.session.case
        link = None if active is None else link_of(active.metadata)
        if link is not None and isinstance(link.image, VideoClip):
            return link.image
        if case is None or any(case.volumes()):
            return None
        return next((clip for clip in case.clips() if self.layer_of(clip) is not None), None)

    def add_layer_data(self, layer_data: Sequence[tuple[Any, dict[str, Any], str]]) -> list[Layer]:
        """Add layers as a reader returns them."""
        return [self.viewer.add_layer(Layer.create(*item)) for item in layer_data]

    def labels_of(self, layer: Labels) -> LabelMap:
        """Return the label map that a layer shows, on its source grid."""
        return labels_of(layer)

    def close_case(self) -> None:
        """Remove the layers of the case and forget it."""
        # napari collects garbage after each layer, or once after a batch: a tenth of a second a time
        with self.viewer.layers.batched_update():
            self._remove_case()

    def _remove_case(self) -> None:
        for layer in self.layers():
            self.viewer.layers.remove(layer)
        self._known_cases.clear()
        self.session.close()

    def replace_case(self, case: Case, first_lps_mm: Sequence[float] | None = None) -> list[Layer]:
        """Show a case in place of the open one, in the same layers where they fit; return them.

        Parameters
        ----------
        case
            The case.
        first_lps_mm
            The patient point (LPS mm) whose slice is shown first; None for the middle one.
        """
        with self.verdicts.kept():
            self.session.close()
        layer_data = self.session.layers_of(case)
        layers = self.layers()[::-1]
        if not fits(layers, layer_data):
            with self.viewer.layers.batched_update():
                self.verdicts.remove()  # new layers would lie above them
                self._remove_case()
                added = self.add_layer_data(layer_data)
            if first_lps_mm is not None:
                self.show_slice(first_lps_mm)
            return added
        self._known_cases = [case]
        self.session.add(case)
        with sliced_once(self.viewer, layers):
            with arranged_once(self.viewer, layers):
                fill(layers, layer_data)
            self._navigation.step_by_reference_slices()
            self._navigation.show_whole(first_lps_mm)
        self.layers_changed.emit()
        return layers

    def add_labels(self, labels: LabelMap) -> Labels:
        """Add a label map to the case's layers and select it.

        Raises
        ------
        InvalidImage
            If no case is open.
        """
        case = self.session.case
        if case is None:
            raise InvalidImage("No case is open.", cure="Open a study or an image first.")
        shift = len(self.label_layers())
        data = labels_layer(labels, case, self.session.frame, shift)
        layer: Labels = self.add_layer_data([data])[0]
        self.viewer.layers.selection.active = layer
        return layer

    # ---------------------------------------------------------------- view

    def centre_on(self, point_lps_mm: Sequence[float]) -> None:
        """Go to the slice of a patient point (LPS mm) and bring it to the middle of the canvas."""
        self._navigation.centre_on(point_lps_mm)

    def show_slice(self, point_lps_mm: Sequence[float]) -> None:
        """Go to the slice of a patient point (LPS mm); the camera stays."""
        self._navigation.show_slice(point_lps_mm)

    def fit_to(self, points_lps_mm: np.ndarray) -> None:
        """Let the canvas show the box that holds some patient points (n, 3), LPS mm, with a margin."""
        self._navigation.fit_to(points_lps_mm)

    def cursor_lps_mm(self) -> np.ndarray | None:
        """Return the patient point under the cursor, LPS (x, y, z) mm.

        None without an image that lies in the patient, and on a clip, which does not.
        """
        active = self.viewer.layers.selection.active
        link = None if active is None else link_of(active.metadata)
        is_on_clip = link is not None and isinstance(link.image, VideoClip)
        if is_on_clip or self.session.case is None or self.session.case.reference_grid() is None:
            return None
        position = np.asarray(self.viewer.cursor.position, dtype=float)
        return None if position.size < 3 else self.session.frame.world_to_lps(position[-3:])

    def show_only(self, image: Series) -> None:
        """Show one image of the case and hide the others; label maps stay as they are."""
        for layer in self.layers(Image):
            layer.visible = self._image_of(layer) is image

    # ---------------------------------------------------------------- events

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        is_stray = CLIP_MASK_KEY in layer.metadata and link_of(layer.metadata) is None
        if self.verdicts.owns(layer) or is_stray:
            return
        if link_of(layer.metadata) is None and isinstance(layer, Labels):
            give_a_grid(layer, self.session, self.selected_volume())
        self._adopt(layer)
        if isinstance(layer, Image) and link_of(layer.metadata) is not None:
            self._raise_labels()

    def _on_removed(self, _event: Any) -> None:
        self.layers_changed.emit()
        if self._known_cases and not self.layers():
            self._known_cases.clear()
            self.session.close()

    def _adopt(self, layer: Layer) -> None:
        link = link_of(layer.metadata)
        if link is None:
            return
        layer.events.visible.connect(self._on_layer_changed)
        layer.events.name.connect(self._on_layer_changed)
        is_suggested = SUGGESTED_KEY in layer.metadata
        if isinstance(layer, Labels) and (link.resampled or is_suggested):
            layer.editable = False
            layer.contour = _SUGGESTED_CONTOUR if is_suggested else layer.contour
        self._know(link.case)
        self.layers_changed.emit()

    def _on_layer_changed(self, _event: Any) -> None:
        self.layers_changed.emit()

    def _know(self, case: Case) -> None:
        if case is self.session.case or any(case is known for known in self._known_cases):
            return
        is_first = not self._known_cases
        self._known_cases.append(case)
        frame, before = self.session.frame, self.session.case
        self.session.add(case)
        if before is not None and self.session.case is not None:
            for told in self.session.case.warnings[len(before.warnings) + len(case.warnings) :]:
                show_warning(told)
        if self.session.frame != frame:
            for layer in self.label_layers():
                redraw(layer, self.session)
        self._navigation.step_by_reference_slices()
        if is_first:
            self._navigation.show_whole()

    def _tidy(self, _case: Case | None) -> None:
        viewer = self.viewer
        if viewer is not None:
            forget_stale_contexts(viewer)

    def _raise_labels(self) -> None:
        """Keep label maps above images, which would hide them."""
        layers = self.viewer.layers
        covered = max((i for i, layer in enumerate(layers) if isinstance(layer, Image)), default=-1)
        mine = self.verdicts
        # a list first: a slice of napari's own list leaves a context behind for good
        for layer in [n for n in list(layers)[:covered] if link_of(n.metadata) or mine.owns(n)]:
            if isinstance(layer, Labels):
                layers.move(layers.index(layer), len(layers))

    def _on_status(self, event: Any) -> None:
        """Add the patient position to what napari says of the cursor."""
        status = event.value
        point = self.cursor_lps_mm()
        if point is None or not isinstance(status, dict) or "mm |" in status.get("coordinates", ""):
            return
        case = self.session.case
        values = "" if case is None else values_in_words(case, point)
        told = (in_words(point.tolist()), values, status.get("coordinates", ""))
        words = " | ".join(part for part in told if part)
        self.viewer.status = {**status, "coordinates": words}

    def _hide_compared(self, _comparison: ComparedLabels) -> None:
        """Hide the label maps when a comparison begins, for its verdicts; outline the zones behind."""
        for layer in self.label_layers():
            if is_called_zones(layer.name):
                layer.contour = _ZONE_CONTOUR
            elif layer.visible:
                layer.visible = False

    @staticmethod
    def _image_of(layer: Layer) -> Series | LabelMap | None:
        link = link_of(layer.metadata)
        is_mask = CLIP_MASK_KEY in layer.metadata  # it lies on the clip, and does not show it
        return None if link is None or is_mask else link.image


_BRIDGES: WeakKeyDictionary[Any, Bridge] = WeakKeyDictionary()


def bridge_of(viewer: Any) -> Bridge:
    """Return the bridge of a viewer (or of the proxy that plugins get of it); made on first use."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    bridge = _BRIDGES.get(viewer)
    if bridge is None:
        bridge = _BRIDGES[viewer] = Bridge(viewer)
    return bridge
