"""The link between a napari viewer and the session: one a viewer, made when first needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.notifications import show_info, show_warning
from psygnal import Signal

from napari_medassist.app.layer_data import (
    labels_from_layer,
    labels_layer,
    link_of,
)
from napari_medassist.app.patient_position import in_words
from napari_medassist.app.session import ComparedLabels, Session
from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Volume

if TYPE_CHECKING:
    from napari.components import ViewerModel

VERDICT_LAYER = "Verdicts"


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
        self.session = Session()
        self._known_cases: list[Case] = []
        self._verdicts: Layer | None = None
        self._point = viewer.dims.point
        self._orient()
        viewer.dims.events.order.connect(self._orient)
        viewer.dims.events.ndisplay.connect(self._orient)
        viewer.dims.events.range.connect(self._step_by_reference_slices)
        viewer.dims.events.point.connect(self._remember_point)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.events.status.connect(self._on_status)
        self.session.comparison_changed.connect(self._show_comparison)
        for layer in viewer.layers:
            self._adopt(layer)

    @property
    def viewer(self) -> Any:
        """The viewer."""
        return self._viewer()

    # ---------------------------------------------------------------- layers

    def layers(self, kind: type[Layer] = Layer) -> list[Layer]:
        """Return the viewer's layers of a kind that belong to the case, top one first."""
        return [
            layer
            for layer in reversed(self.viewer.layers)
            if isinstance(layer, kind) and link_of(layer.metadata) is not None
        ]

    def layer_of(self, image: Series | LabelMap) -> Layer | None:
        """Return the layer that shows an image; None if it was removed."""
        return next((n for n in self.layers() if self._image_of(n) is image), None)

    def label_layers(self) -> list[Labels]:
        """Return the layers that hold label maps a user may compare, top one first."""
        return [layer for layer in self.layers(Labels) if layer is not self._verdicts]

    def selected_volume(self) -> Volume | None:
        """Return the volume of the layer that is selected, if one is."""
        active = self.viewer.layers.selection.active
        image = None if active is None else self._image_of(active)
        return image if isinstance(image, Volume) and image.array.ndim == 3 else None

    def add_layer_data(self, layer_data: Sequence[tuple[Any, dict[str, Any], str]]) -> list[Layer]:
        """Add layers as a reader returns them."""
        return [self.viewer.add_layer(Layer.create(*item)) for item in layer_data]

    def labels_of(self, layer: Labels) -> LabelMap:
        """Return the label map that a layer shows, on its source grid."""
        return labels_from_layer(layer.data, _state(layer))

    def close_case(self) -> None:
        """Remove the layers of the case and forget it."""
        for layer in self.layers():
            self.viewer.layers.remove(layer)
        self._known_cases.clear()
        self.session.close()

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
        world = self.session.frame.lps_to_world(point_lps_mm)
        axes = self._spatial_axes()
        self.viewer.dims.set_point(axes, tuple(world))
        full = np.zeros(self.viewer.dims.ndim)
        full[axes] = world
        camera = self.viewer.scene.camera
        displayed = full[list(self.viewer.dims.displayed)]
        camera.center = (0.0, *displayed) if displayed.size == 2 else tuple(displayed)

    def cursor_lps_mm(self) -> np.ndarray | None:
        """Return the patient point under the cursor, LPS (x, y, z) mm.

        None without an image that lies in the patient, and on a clip, which does not.
        """
        active = self.viewer.layers.selection.active
        is_on_clip = active is not None and isinstance(self._image_of(active), VideoClip)
        if is_on_clip or self.session.case is None or self.session.case.reference_grid() is None:
            return None
        position = np.asarray(self.viewer.cursor.position, dtype=float)
        return None if position.size < 3 else self.session.frame.world_to_lps(position[-3:])

    def show_only(self, image: Series) -> None:
        """Show one image of the case and hide the others; label maps stay as they are."""
        for layer in self.layers(Image):
            layer.visible = self._image_of(layer) is image

    def _spatial_axes(self) -> list[int]:
        return [self.viewer.dims.ndim - 3 + axis for axis in range(3)]

    def _orient(self, _event: Any = None) -> None:
        """Draw the body as radiologists look at it.

        In 3D, (S, P, L) is a left-handed triple: with napari's own orientation the body is mirrored.
        In 2D, where superior-inferior is vertical (coronal, sagittal), superior is up.
        """
        dims = self.viewer.dims
        vertical = dims.displayed[-2]
        head_up = dims.ndisplay == 2 and dims.ndim >= 3 and vertical == dims.ndim - 3
        self.viewer.scene.camera.orientation = ("away", "up" if head_up else "down", "right")

    def _step_by_reference_slices(self, _event: Any = None) -> None:
        """Make one step of a slider one slice of the reference image, and hit its slices exactly.

        napari steps by the finest spacing of all layers, so that scrolling through a T2w beside a
        resampled series would show most of its slices twice. Where its own steps are coarser than ours,
        its sliders have thrown the point to the end by now; it goes back to where it was.
        """
        volume = self.session.annotation_volume()
        dims = self.viewer.dims
        if volume is None or dims.ndim < 3:
            return
        ranges = list(dims.range)
        first = self.session.frame.translate_zyx_mm(volume.geometry)
        steps = volume.geometry.spacing_zyx_mm
        if not self.session.frame.places(volume.geometry):
            return
        for axis, origin, step in zip(self._spatial_axes(), first, steps, strict=True):
            start, stop = (round((end - origin) / step) * step + origin for end in ranges[axis][:2])
            ranges[axis] = (start, stop, step)
        if not np.allclose(np.asarray(ranges), np.asarray(dims.range)):
            dims.range = tuple(ranges)
            if len(self._point) == dims.ndim:
                dims.point = self._point

    def _remember_point(self, _event: Any = None) -> None:
        self._point = self.viewer.dims.point

    # ---------------------------------------------------------------- events

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        if link_of(layer.metadata) is None and isinstance(layer, Labels):
            self._give_a_grid(layer)
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
        if link.resampled and isinstance(layer, Labels):
            layer.editable = False
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
            self._redraw_labels()
        self._step_by_reference_slices()
        if is_first:
            self._go_to_middle()

    def _raise_labels(self) -> None:
        """Keep label maps above images, which would hide them."""
        layers = self.viewer.layers
        covered = max((i for i, layer in enumerate(layers) if isinstance(layer, Image)), default=-1)
        for layer in [n for n in layers[:covered] if isinstance(n, Labels) and link_of(n.metadata)]:
            layers.move(layers.index(layer), len(layers))

    def _redraw_labels(self) -> None:
        """Draw label maps that were opened before any image in the frame of the image."""
        for layer in self.label_layers():
            link = link_of(layer.metadata)
            if link is None or link.frame == self.session.frame:
                continue
            try:
                labels = self.labels_of(layer)
            except InvalidImage as error:  # moved by the user: it stays where it is
                show_warning(str(error))
                continue
            data, options, _ = labels_layer(labels, link.case, self.session.frame, link.palette_shift)
            self._place(layer, data, options)

    @staticmethod
    def _place(layer: Labels, data: Any, options: dict[str, Any]) -> None:
        layer.data = data
        for attribute in ("scale", "translate", "units", "axis_labels", "colormap", "metadata"):
            setattr(layer, attribute, options[attribute])
        link = link_of(layer.metadata)
        layer.editable = link is not None and not link.resampled

    def _give_a_grid(self, layer: Labels) -> None:
        """Put a labels layer that napari's own button has just made onto the grid of an image.

        napari makes it as large as all layers together, in no one's voxels. It is empty, so nothing
        is lost; labels that hold something are left as they are.
        """
        volume, case = self._volume_to_paint_on(), self.session.case
        if volume is None or case is None or layer.ndim not in (3, 4) or np.any(layer.data):
            return
        labels = LabelMap.on(volume, name=layer.name)
        data, options, _ = labels_layer(labels, case, self.session.frame)
        self._place(layer, data, options)
        show_info(f"'{layer.name}' has the grid of {volume.name or volume.role}.")

    def _volume_to_paint_on(self) -> Volume | None:
        """Return the selected image, else the reference image; None if neither shows its own voxels."""
        candidates = (self.selected_volume(), self.session.annotation_volume())
        return next((v for v in candidates if v is not None and self.session.can_paint_on(v)), None)

    def _go_to_middle(self) -> None:
        volume = self.session.annotation_volume()
        if volume is None:
            return
        middle = (np.asarray(volume.geometry.shape_zyx) - 1) // 2
        self.viewer.reset_view()
        self.viewer.dims.set_point(
            self._spatial_axes(),
            tuple(self.session.frame.lps_to_world(volume.geometry.index_to_lps(middle))),
        )

    def _on_status(self, event: Any) -> None:
        """Add the patient position to what napari says of the cursor."""
        status = event.value
        point = self.cursor_lps_mm()
        if point is None or not isinstance(status, dict) or "mm |" in status.get("coordinates", ""):
            return
        words = f"{in_words(point.tolist())} | {status.get('coordinates', '')}"
        self.viewer.status = {**status, "coordinates": words}

    def _show_comparison(self, comparison: ComparedLabels | None) -> None:
        if self._verdicts in self.viewer.layers:
            self.viewer.layers.remove(self._verdicts)
        self._verdicts = None
        case = self.session.case
        if comparison is None or case is None:
            return
        for layer in self.label_layers():
            layer.visible = False
        data, options, kind = labels_layer(comparison.verdicts, case, self.session.frame)
        options |= {"name": VERDICT_LAYER, "opacity": 0.75}
        self._verdicts = Layer.create(data, options, kind)
        self.viewer.add_layer(self._verdicts)
        self._verdicts.editable = False

    @staticmethod
    def _image_of(layer: Layer) -> Series | LabelMap | None:
        link = link_of(layer.metadata)
        return None if link is None else link.image


def _state(layer: Labels) -> dict[str, Any]:
    """Return of a layer what napari hands to a writer, as far as it matters."""
    return {
        "name": layer.name,
        "metadata": layer.metadata,
        "scale": layer.scale,
        "translate": layer.translate,
        "affine": layer.affine.affine_matrix,
    }


_BRIDGES: WeakKeyDictionary[Any, Bridge] = WeakKeyDictionary()


def bridge_of(viewer: Any) -> Bridge:
    """Return the bridge of a viewer (or of the proxy that plugins get of it); made on first use."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    bridge = _BRIDGES.get(viewer)
    if bridge is None:
        bridge = _BRIDGES[viewer] = Bridge(viewer)
    return bridge
