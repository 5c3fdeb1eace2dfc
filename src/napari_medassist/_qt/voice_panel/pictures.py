"""What spoken commands do to what is shown, and to the label that is drawn with."""

from __future__ import annotations

from typing import Literal

from napari.layers import Image, Labels

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist._qt.views.windowing import choose_preset, next_preset
from napari_medassist.annotation.map_about import scheme_of, with_label
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.app.annotating.labels import new_lesion
from napari_medassist.app.layer_data import link_of
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import Code, Label, default_colour
from napari_medassist.core.volume import Volume

#: Axes (z, y, x) that are hidden and shown, in this order.
_ORDERS = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}


class Pictures:
    """Slices, series, windows and labels of a viewer.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def step_slices(self, n: int) -> str:
        """Go so many slices up (superior, posterior, left), down if negative."""
        dims, axis = self._bridge.viewer.dims, self._hidden_axis()
        before = dims.current_step[axis]
        dims.set_current_step(axis, before + n)
        if dims.current_step[axis] == before:
            return "This is the last slice." if n > 0 else "This is the first slice."
        return self._slice_in_words(axis)

    def go_to_slice(self, which: Literal["first", "middle", "last"]) -> str:
        """Go to a slice."""
        dims, axis = self._bridge.viewer.dims, self._hidden_axis()
        last = dims.nsteps[axis] - 1
        dims.set_current_step(axis, {"first": 0, "middle": last // 2, "last": last}[which])
        return self._slice_in_words(axis)

    def show_plane(self, plane: Literal["axial", "coronal", "sagittal"]) -> str:
        """Look along another axis."""
        if linked_views_of(self._bridge).is_shown:
            raise InvalidSetting("The linked views show all planes.", cure="Close them first (F4).")
        dims = self._bridge.viewer.dims
        dims.ndisplay = 2
        more = dims.ndim - 3
        dims.order = (*range(more), *(more + axis for axis in _ORDERS[plane]))
        self._bridge.viewer.reset_view()
        return plane.capitalize()

    def show_series(self, role: str) -> str:
        """Show one image of the case in place of the others."""
        case = self._bridge.session.case
        images = [] if case is None else [v for v in case.series if v.role == role]
        shown = next((v for v in images if self._bridge.layer_of(v) is not None), None)
        if shown is None:
            raise InvalidSetting(f"The case has no series '{role}'.")
        self._bridge.show_only(shown)
        self._bridge.viewer.layers.selection.active = self._bridge.layer_of(shown)
        return shown.name or role

    def show_window(self, name: str) -> str:
        """Show the image between the values of a window; the next one if the name is empty."""
        layer = self._image_layer()
        if name:
            choose_preset(layer, name)
            return f"Window {name}"
        return f"Window {next_preset(layer)}"

    def show_labels(self, *, visible: bool) -> str:
        """Show or hide all label maps."""
        for layer in self._bridge.drawn_layers():
            layer.visible = visible
        return "Labels are shown." if visible else "Labels are hidden."

    def zoom(self, factor: float) -> str:
        """Show the image larger or smaller; the whole of it for 0."""
        viewer = self._bridge.viewer
        if factor:
            viewer.scene.camera.zoom *= factor
            return "Larger" if factor > 1 else "Smaller"
        viewer.reset_view()
        return "The whole image"

    # ---------------------------------------------------------------- labels

    def label_names(self) -> tuple[str, ...]:
        """Return the names of labels that were given by somebody, in all label maps."""
        found = [
            label.name
            for about in self._bridge.recorder.recording.document.about.values()
            for label in scheme_of(about).labels
            if label.name.casefold() != f"label {label.value}"
        ]
        return tuple(dict.fromkeys(found))

    def choose_label(self, name: str, code: Code | None) -> str:
        """Draw with a label of this name from now on; it is made if it is new."""
        layer = self._drawn_on()
        key = self._bridge.recorder.key_of(layer)
        if not key:
            raise InvalidSetting(f"'{layer.name}' cannot be drawn on.", cure="Select another one.")
        about = self._bridge.recorder.recording.document.about[key]
        scheme = scheme_of(about)
        known = next((n for n in scheme.labels if n.name.casefold() == name.casefold()), None)
        if known is None:
            known = self._added(layer, key, name, code)
        layer.visible = True
        layer.selected_label = known.value
        return f"Drawing '{known.name}' (label {known.value})"

    def _added(self, layer: Labels, key: str, name: str, code: Code | None) -> Label:
        recording = self._bridge.recorder.recording
        about = recording.document.about[key]
        scheme = scheme_of(about)
        value = new_lesion(layer.data, scheme)
        label = Label(value, name, default_colour(value), code)
        recording.do(MapEdit(f"New label '{name}'", key, dict(about), with_label(about, label)))
        return label

    def _drawn_on(self) -> Labels:
        layers = self._bridge.drawn_layers()
        active = self._bridge.viewer.layers.selection.active
        if active in layers:
            return active
        usable = [n for n in layers if n.editable]
        if len(usable) > 1:
            raise InvalidSetting(
                f"There are {len(usable)} label maps.", cure="Select the one to draw on in the list."
            )
        if not usable:
            return new_labels(self._bridge)
        self._bridge.viewer.layers.selection.active = usable[0]
        return usable[0]

    # ---------------------------------------------------------------- small ones

    def _hidden_axis(self) -> int:
        dims = self._bridge.viewer.dims
        hidden = [axis for axis in range(dims.ndim - 3, dims.ndim) if axis not in dims.displayed]
        if not hidden or hidden[0] < 0:
            raise InvalidSetting("No slice is shown.", cure="Open an image, and show it in 2D.")
        return int(hidden[0])

    def _slice_in_words(self, axis: int) -> str:
        dims = self._bridge.viewer.dims
        return f"Slice {dims.current_step[axis] + 1} of {dims.nsteps[axis]}"

    def _image_layer(self) -> Image:
        """Return the image that is looked at: under the mouse, selected, or the uppermost."""
        for view in linked_views_of(self._bridge).views:
            if view.underMouse() and view.shown.layer is not None:
                return view.shown.layer
        active = self._bridge.viewer.layers.selection.active
        link = link_of(active.metadata) if isinstance(active, Image) else None
        if active is not None and link is not None and isinstance(link.image, Volume):
            return active
        found = next((n for n in self._bridge.layers(Image) if n.visible), None)
        if found is None:
            raise InvalidSetting("No image is shown.")
        return found
