"""The tab "Annotate": draw, change and measure labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.annotation_panel.buttons import KEYS, TIPS, ActButtons
from napari_medassist._qt.annotation_panel.form import OperationForm, ToolForm, make_narrow
from napari_medassist._qt.annotation_panel.measurements import Measurements
from napari_medassist._qt.annotation_panel.outline import Outline
from napari_medassist._qt.annotation_panel.strokes import Strokes, write
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.threads import run_with_dialog
from napari_medassist.annotation.operations.change import Voxels
from napari_medassist.app.acts import Act
from napari_medassist.app.annotating.labels import (
    annotated,
    new_lesion,
    range_of_label,
    scheme_of,
    told_of_lesion,
)
from napari_medassist.app.annotating.operations import OPERATIONS
from napari_medassist.app.annotating.tools import NOT_ON_CLIPS, Annotated, Keep, Tool
from napari_medassist.app.layer_data import CLIP_MASK_KEY, layer_name, link_of
from napari_medassist.core.case import Series
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.video import VideoClip

#: Close rows: the whole panel is seen without scrolling at 1280x720.
_ROW_GAP_PX = 3
#: Ends of the brightness of coloured frames.
_BRIGHTNESS = (0.0, 255.0)


class AnnotationPanel(QWidget):
    """Tools, operations and measurements for the label map that is selected.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.form, self.operations = ToolForm(), OperationForm()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.strokes = Strokes(self._annotated, self.form.settings, self.tell, Outline(bridge.viewer))
        self.measurements = Measurements(bridge, self.form.chosen_image, self.tell)
        self.acts = ActButtons(self)
        self._shown_clip: VideoClip | None = None
        self._lay_out()
        self._connect()
        self._show_case()

    def tell(self, message: str) -> None:
        """Show a message in the panel's own line."""
        self.message.setText(message)

    # ---------------------------------------------------------------- acts

    def choose(self, tool: Tool | None) -> None:
        """Give a tool to the label map that is selected; None gives the mouse back to napari."""
        try:
            layer = self.layer(makes=tool is not None) if tool is not None else self.strokes.layer
            self.strokes.arm(layer, tool)
            self._show_radius_on(layer)
            self._protect(layer)
            self.tell("" if tool is None else TIPS[tool])
        except MedAssistError as error:
            tool = None
            self.tell(str(error))
        for other, button in self.acts.tools.items():
            button.setChecked(other is tool)

    def toggle(self, tool: Tool) -> None:
        """Choose a tool; if it is chosen already, give the mouse back."""
        self.choose(None if self.strokes.tool is tool else tool)

    def operate(self, title: str) -> None:
        """Run an operation on the chosen label; one step for undo."""
        try:
            layer = self.layer()
            on = self._annotated(layer)
            if on.times_s and OPERATIONS[title].not_on_clips:
                raise InvalidSetting(f"{title}: {OPERATIONS[title].not_on_clips.lower()}.")
            axis, index = self._shown_slice(layer)
            theirs = self._theirs(layer)
            asked = self.operations.asked(self.form.chosen_label(), axis, index, theirs)
            change = run_with_dialog(title, lambda _progress: OPERATIONS[title].run(on, asked), self)
            with self._bridge.recorder.titled(title):
                write(layer, change)
            self.tell(change.note or f"{title}: {change.n_voxels} voxels changed.")
            if title == "Copy to next" and change.n_voxels:
                self._go_to(layer, axis, index + 1)
            self._show_labels()
        except MedAssistError as error:
            self.tell(str(error))

    def measure_lesion(self) -> None:
        """Tell size and intensities of the chosen label."""
        try:
            layer = self.layer()
            link, image = link_of(layer.metadata), self.form.chosen_image()
            label = self.form.chosen_label()
            self.tell(told_of_lesion(self._annotated(layer), link, image, label))
        except MedAssistError as error:
            self.tell(str(error))

    def measure(self, what: str) -> None:
        """Let the mouse draw a measurement."""
        self.choose(None)
        self.measurements.begin(what)

    def layer(self, *, makes: bool = False) -> Labels:
        """Return the label map that is selected, or the only one; a new one if there is none.

        Raises
        ------
        InvalidSetting
            If there are several and none is selected, or none and ``makes`` is False.
        """
        layers = self._bridge.drawn_layers()
        active = self._bridge.viewer.layers.selection.active
        if active in layers:
            return active
        if self.strokes.layer in layers and self.strokes.layer is not None:
            return self.strokes.layer
        if len(layers) == 1:
            self._bridge.viewer.layers.selection.active = layers[0]
            return layers[0]
        if layers:
            raise InvalidSetting(
                f"There are {len(layers)} label maps.",
                cure="Select the one to work on in the list.",
            )
        if not makes:
            raise InvalidSetting("There are no labels yet.", cure="Choose a tool and draw.")
        return new_labels(self._bridge)

    # ---------------------------------------------------------------- what the form asks for

    def _asked(self, what: str) -> None:
        try:
            if what == "new lesion":
                layer = self.layer(makes=True)
                layer.selected_label = new_lesion(layer.data, self._scheme(layer))
            elif what == "window":
                self._take_window()
            else:
                low, high = range_of_label(self._annotated(self.layer()), self.form.chosen_label())
                self.form.show_range(low, high, self._unit())
        except MedAssistError as error:
            self.tell(str(error))

    def _take_window(self) -> None:
        image: Series | None = self._drawn_clip() or self.form.chosen_image()
        layer = None if image is None else self._bridge.layer_of(image)
        if isinstance(layer, Image) and layer.rgb:
            self.form.show_range(*_BRIGHTNESS, "", _BRIGHTNESS)
        elif isinstance(layer, Image):
            low, high = (float(v) for v in layer.contrast_limits)
            self.form.show_range(low, high, self._unit(), tuple(layer.contrast_limits_range))

    def _scale_brush(self, factor: float) -> None:
        self.form.radius.setValue(self.form.radius.value() * factor)

    def _drawn_clip(self) -> VideoClip | None:
        """Return the clip whose masks are selected."""
        active = self._bridge.viewer.layers.selection.active
        link = link_of(active.metadata) if active in self._bridge.drawn_layers() else None
        return link.image if link is not None and isinstance(link.image, VideoClip) else None

    def _unit(self) -> str:
        image = self.form.chosen_image()
        return "" if image is None else image.acquisition.unit

    def _annotated(self, layer: Labels) -> Annotated:
        z, y, x = (float(v) for v in layer.scale[-3:])
        return annotated(layer.data, (z, y, x), link_of(layer.metadata), self.form.chosen_image())

    def _theirs(self, layer: Labels) -> Voxels | None:
        """Return the voxels of the label map that a label is combined with; None for its own."""
        name = self.operations.chosen_map()
        other = next((m for m in self._bridge.label_layers() if m.name == name), layer)
        if other is layer:
            return None
        grids = [(m.data.shape, *m.scale, *m.translate) for m in (layer, other)]
        if grids[0] != grids[1]:
            raise InvalidSetting(
                f"'{name}' does not lie on the grid of '{layer.name}'.", cure="Choose another as In."
            )
        voxels: Voxels = np.asarray(other.data)
        return voxels

    def _shown_slice(self, layer: Labels) -> tuple[int, int]:
        """Return the axis of the layer across the slice that the viewer shows, and its index."""
        dims = self._bridge.viewer.dims
        more = dims.ndim - layer.ndim
        hidden = [a - more for a in range(dims.ndim) if a not in dims.displayed and a >= more]
        axis = hidden[0] if hidden else 0
        index = round(float(layer.world_to_data(dims.point[-layer.ndim :])[axis]))
        return axis, index

    def _go_to(self, layer: Labels, axis: int, index: int) -> None:
        """Show a slice of a layer; the viewer may have a time axis that the layer lacks."""
        place = [index if a == axis else 0 for a in range(layer.ndim)]
        dims = self._bridge.viewer.dims
        dims.set_point(dims.ndim - layer.ndim + axis, float(layer.data_to_world(place)[axis]))

    # ---------------------------------------------------------------- what is shown

    def _scheme(self, layer: Labels) -> Any:
        return scheme_of(link_of(layer.metadata), np.asarray(layer.data), int(layer.selected_label))

    def _show_labels(self) -> None:
        try:
            layer = self.layer()
        except MedAssistError:
            return
        self.form.show_labels(self._scheme(layer), int(layer.selected_label))
        self.operations.show_maps([m.name for m in self._bridge.label_layers() if m is not layer])

    def _show_case(self, _case: object = None) -> None:
        case = self._bridge.session.case
        images = [] if case is None else [v for v in case.volumes() if v.array.ndim == 3]
        self.form.show_images(images, [layer_name(image) for image in images])
        self._take_window()
        self._follow_selection()

    def _follow_selection(self, _event: Any = None) -> None:
        """Go on with the tool on the label map that was selected."""
        active = self._bridge.viewer.layers.selection.active
        if active in self._bridge.drawn_layers():
            self._show_kind(self._drawn_clip())
            if self.strokes.tool is not None and active is not self.strokes.layer:
                self.choose(self.strokes.tool)
            active.events.selected_label.connect(self._on_label)
            active.events.brush_size.connect(self._on_brush_size)
            self._protect(active)
            self._show_labels()

    def _show_kind(self, clip: VideoClip | None) -> None:
        """Grey what makes no sense on masks of a clip, with the reason; lengths in its unit."""
        if clip is self._shown_clip:
            return
        self._shown_clip = clip
        is_clip = clip is not None
        unit = "px" if clip is not None and clip.spacing_yx_mm is None else "mm"
        self.form.show_kind(is_clip=is_clip, unit=unit)
        self.operations.show_kind(is_clip=is_clip, unit=unit)
        self.acts.offer(is_clip=is_clip)
        if clip is not None and self.strokes.tool in NOT_ON_CLIPS:
            self.choose(None)
        self._take_window()

    def _on_label(self, _event: Any) -> None:
        """Follow the label that was chosen elsewhere; one that is not listed yet makes a new list."""
        layer = self._bridge.viewer.layers.selection.active
        if isinstance(layer, Labels) and not self.form.choose_label(int(layer.selected_label)):
            self._show_labels()

    def _on_brush_size(self, event: Any) -> None:
        """Follow napari's own keys and mouse for the size of the brush."""
        layer = self.strokes.layer
        if layer is not None and event.source is layer:
            self.form.show_radius(float(layer.cursor_size) / 2)

    def _show_radius_on(self, layer: Labels | None) -> None:
        if layer is None or self.strokes.tool is None:
            return
        radius = self.form.radius.value()
        with layer.events.brush_size.blocker(self._on_brush_size):
            layer.brush_size = max(1, round(2 * radius / _finest(layer)))
        layer.cursor_size = 2 * radius  # in mm, not in whole voxels

    def _protect(self, layer: Labels | None) -> None:
        """Let napari's own tools (its fill, its right-drag) leave what the panel's tools leave."""
        if layer is not None:
            layer.preserve_labels = self.form.settings().keep is not Keep.NOTHING

    def _on_keep(self, _text: str) -> None:
        active = self._bridge.viewer.layers.selection.active
        self._protect(active if active in self._bridge.drawn_layers() else self.strokes.layer)

    def _choose_label(self, value: int) -> None:
        try:
            self.layer().selected_label = value
        except MedAssistError as error:
            self.tell(str(error))

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        inner = QWidget()
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.addLayout(self.acts.tool_grid())
        rows.addWidget(self.form)
        rows.addLayout(self.acts.operation_grid())
        rows.addWidget(self.operations)
        rows.addLayout(self.acts.measurement_grid())
        rows.addStretch(1)
        make_narrow(inner)
        for grid in inner.findChildren(QGridLayout):
            grid.setVerticalSpacing(_ROW_GAP_PX)
        rows.setSpacing(_ROW_GAP_PX)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.message)

    def _connect(self) -> None:
        self.acts.tool_clicked.connect(self.toggle)
        self.acts.operation_clicked.connect(self.operate)
        self.acts.measurement_clicked.connect(self.measure)
        self.acts.lesion_clicked.connect(self.measure_lesion)
        self.form.size_changed.connect(lambda _radius: self._show_radius_on(self.strokes.layer))
        self.form.label_chosen.connect(self._choose_label)
        self.form.asked.connect(self._asked)
        self.form.keep.currentTextChanged.connect(self._on_keep)
        self._bridge.session.case_changed.connect(self._show_case)
        self._bridge.layers_changed.connect(self._show_labels)
        self._bridge.viewer.layers.selection.events.active.connect(self._follow_selection)
        acts = self._bridge.session.acts
        acts.offer(Act.MEASURE, self.measure)
        acts.offer(Act.TOOL, self.choose)
        acts.offer(Act.BRUSH, self._scale_brush)
        for key, act in KEYS.items():

            def run(_viewer: Any, act: Tool | str = act) -> None:
                self.toggle(act) if isinstance(act, Tool) else self.operate(act)

            self._bridge.viewer.bind_key(key, run, overwrite=True)


def _finest(layer: Labels) -> float:
    """Return the smallest voxel size of a layer; of a clip, whose first axis is time, in its frames."""
    return float(min(layer.scale[-2:] if CLIP_MASK_KEY in layer.metadata else layer.scale[-3:]))
