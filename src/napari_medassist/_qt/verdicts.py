"""The verdicts in the image: a locked layer for each side, changed in place while settings move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_medassist._qt.layer_reuse import arranged_once, place, sliced_once
from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.layer_data import AXES_ZYX, VERDICTS_KEY
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.app.session import Session
from napari_medassist.app.verdict_display import DrawnVerdicts, drawn_verdicts
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.verdict_map import CLASS_SCHEME, VerdictCrop

if TYPE_CHECKING:
    from napari.components import ViewerModel

#: Names of the layers, the rear one first. The reference lies in front: what it misses must be seen.
VERDICT_LAYERS = {Side.PREDICTION: "Verdicts: prediction", Side.REFERENCE: "Verdicts: reference"}
#: Width of outlines in screen pixels at full zoom; the reference is the thick one.
_CONTOURS = {Side.PREDICTION: 1, Side.REFERENCE: 2}
_FILL_OPACITY = {Side.PREDICTION: 0.5, Side.REFERENCE: 0.75}


class VerdictLayers:
    """Shows the newest comparison of the session in a viewer.

    The layers carry no link to the case: they cannot be saved as labels, compared or painted on.

    Signals
    -------
    look_changed
        Outlines or fills, or the classes that are shown, were changed.

    Parameters
    ----------
    viewer
        The viewer.
    session
        What is compared.
    """

    look_changed = Signal()

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = ref(viewer)
        self._session = session
        self._layers: dict[Side, Labels] = {}
        self._crops: dict[Side, VerdictCrop] = {}
        self._place: tuple[Geometry, DisplayFrame] | None = None
        self._hidden: frozenset[int] = frozenset()
        self._has_outlines = False
        self._is_keeping = False
        session.comparison_changed.connect(self.show)
        session.case_changed.connect(self._follow_frame)

    @property
    def layers(self) -> tuple[Labels, ...]:
        """The layers that are in the viewer, the rear one first."""
        viewer = self._viewer()
        there = () if viewer is None else viewer.layers
        return tuple(layer for layer in self._layers.values() if layer in there)

    def layer_of(self, side: Side) -> Labels | None:
        """Return the layer of a side; None if it is not in the viewer."""
        layer = self._layers.get(side)
        return layer if layer in self.layers else None

    def owns(self, layer: Any) -> bool:
        """Tell whether a layer is one of these."""
        return any(layer is mine for mine in self._layers.values())

    # ---------------------------------------------------------------- look

    @property
    def has_outlines(self) -> bool:
        """Whether lesions are outlined; else they are filled."""
        return self._has_outlines

    def set_outlines(self, *, outlines: bool) -> None:
        """Outline the lesions, or fill them."""
        if outlines != self._has_outlines:
            self._has_outlines = outlines
            for side in self._layers:
                self._style(side)
            self.look_changed.emit()

    @property
    def hidden_classes(self) -> frozenset[int]:
        """Values of the classes that are not shown."""
        return self._hidden

    def show_class(self, value: int, *, shown: bool) -> None:
        """Show the lesions of a class, or hide them."""
        hidden = self._hidden - {value} if shown else self._hidden | {value}
        if hidden != self._hidden:
            self._hidden = hidden
            for layer in self._layers.values():
                layer.colormap = self._colours()
            self.look_changed.emit()

    # ---------------------------------------------------------------- what is shown

    def show(self, compared: ComparedLabels | None) -> None:
        """Show a comparison; layers that fit are changed in place, and wait empty for another one."""
        if compared is None or self._session.case is None:
            if self._is_keeping or self._session.case is not None:
                self._wait()
            else:
                self.remove()
            return
        frame = self._session.frame
        drawn = drawn_verdicts(compared, frame)
        if self._place != (drawn.grid, frame) or len(self.layers) < len(VERDICT_LAYERS):
            self._make(drawn, frame)
            return
        for side, crop in drawn.crops.items():
            before = self._crops.get(side)
            if not _are_equal(crop, before):
                is_seen = self._is_seen(side, crop, before)
                self._write(side, crop)
                if is_seen:
                    self._layers[side].refresh(extent=False, thumbnail=False, highlight=False)

    def _follow_frame(self, _case: object) -> None:
        """Draw again where an image opened later has turned the frame."""
        if self._place is not None and self._place[1] != self._session.frame:
            self.show(self._session.comparison)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the layers while the case is closed, for the next one: new ones cost much time."""
        self._is_keeping = True
        try:
            yield
        finally:
            self._is_keeping = False

    def _wait(self) -> None:
        """Let the layers be empty until there is something to show again."""
        for side, crop in self._crops.items():
            self._layers[side].data[crop.box] = 0
            self._layers[side].refresh(extent=False, thumbnail=False, highlight=False)
        self._crops, self._place = {}, None

    def _make(self, drawn: DrawnVerdicts, frame: DisplayFrame) -> None:
        if len(self.layers) < len(VERDICT_LAYERS):
            self.remove()
        self._place = drawn.grid, frame
        self._crops = {}
        with self._held():
            for side, name in VERDICT_LAYERS.items():
                crop = self._crops[side] = drawn.crops[side]
                data = np.zeros(drawn.grid.shape_zyx, dtype=np.uint8)
                data[crop.box] = crop.values
                translate = frame.translate_zyx_mm(drawn.grid)
                if side in self._layers:
                    self._refill(side, data, drawn.grid.spacing_zyx_mm, translate)
                else:
                    self._add(side, name, data, drawn.grid.spacing_zyx_mm, translate)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let the viewer follow once after all layers have changed."""
        viewer, layers = self._viewer(), self.layers
        if viewer is None or not layers:
            yield
            return
        with sliced_once(viewer, layers), arranged_once(viewer, layers):
            yield

    def _refill(self, side: Side, data: NDArray[np.uint8], scale: Triple, translate: Triple) -> None:
        """Let a layer show another grid."""
        layer = self._layers[side]
        layer.data = data
        place(layer, scale, translate)
        layer.editable = False

    def _add(
        self, side: Side, name: str, data: NDArray[np.uint8], scale: Triple, translate: Triple
    ) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        layer = Labels(
            data,
            name=name,
            scale=scale,
            translate=translate,
            axis_labels=AXES_ZYX,
            units=("mm", "mm", "mm"),
            colormap=self._colours(),
            features=_names(),
            metadata={VERDICTS_KEY: str(side)},
        )
        active = viewer.layers.selection.active
        self._layers[side] = layer
        self._style(side)
        viewer.add_layer(layer)
        layer.editable = False
        if active is not None:
            viewer.layers.selection.active = active

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        gone = self.layers
        self._layers, self._crops, self._place = {}, {}, None
        viewer = self._viewer()
        for layer in gone:
            if viewer is not None:
                viewer.layers.remove(layer)

    def _write(self, side: Side, crop: VerdictCrop) -> None:
        """Write a crop into a layer's array, where the crop before was erased."""
        data = self._layers[side].data
        before = self._crops.get(side)
        if before is not None and before.box != crop.box:
            data[before.box] = 0
        data[crop.box] = crop.values
        self._crops[side] = crop

    def _is_seen(self, side: Side, crop: VerdictCrop, before: VerdictCrop | None) -> bool:
        """Tell whether a change reaches what is in view: to redraw the image costs most of the time."""
        viewer, layer = self._viewer(), self._layers[side]
        if viewer is None or before is None or viewer.dims.ndisplay != 2:
            return True
        point = np.asarray(layer.world_to_data(viewer.dims.point))
        shown = {axis - viewer.dims.ndim + layer.ndim for axis in viewer.dims.displayed}
        cut = next((axis for axis in range(layer.ndim) if axis not in shown), None)
        if cut is None:
            return True
        shape = tuple(layer.data.shape)
        # A point midway between two slices may be rounded to either.
        near = {int(np.floor(point[cut] + 0.49)), int(np.floor(point[cut] + 0.51))}
        return any(
            not np.array_equal(_plane(crop, shape, cut, at), _plane(before, shape, cut, at))
            for at in near
        )

    def _style(self, side: Side) -> None:
        layer = self._layers[side]
        layer.contour = _CONTOURS[side] if self._has_outlines else 0
        layer.opacity = 1.0 if self._has_outlines else _FILL_OPACITY[side]

    def _colours(self) -> DirectLabelColormap:
        colours: dict[int | None, Any] = {None: np.zeros(4), 0: np.zeros(4)}
        for label in CLASS_SCHEME.labels:
            alpha = 0.0 if label.value in self._hidden else 1.0
            colours[label.value] = np.array([*(c / 255 for c in label.colour), alpha])
        return DirectLabelColormap(color_dict=colours)


def _are_equal(crop: VerdictCrop, before: VerdictCrop | None) -> bool:
    """Tell whether nothing changed: to compare voxels costs less than to draw them."""
    return (
        before is not None
        and before.box == crop.box
        and (before is crop or np.array_equal(before.values, crop.values))
    )


def _plane(crop: VerdictCrop, shape: tuple[int, ...], axis: int, at: int) -> NDArray[np.uint8]:
    """Return one plane through the whole grid."""
    plane = np.zeros(shape[:axis] + shape[axis + 1 :], dtype=np.uint8)
    start, stop = crop.box[axis].start, crop.box[axis].stop
    if start <= at < stop:
        box = crop.box[:axis] + crop.box[axis + 1 :]
        plane[box] = np.take(crop.values, at - start, axis=axis)
    return plane


def _names() -> dict[str, list[Any]]:
    """Return what napari tells of a lesion under the cursor."""
    return {
        "index": [0, *(label.value for label in CLASS_SCHEME.labels)],
        "label": ["background", *(label.name for label in CLASS_SCHEME.labels)],
    }
