"""Which image is brought to which, by what method, and where that begins."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Labels
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QWidget

from napari_medassist.app.registering.aligning import title_of
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Volume
from napari_medassist.registration.start import Start

BY_HAND, AT_LANDMARKS = "by hand", "at the landmarks"
_STARTS = {
    "as the scanner placed them": Start.SCANNER,
    "where their middles meet": Start.CENTRES,
    "where their brightness meets": Start.MASSES,
    "where their outlines meet": Start.MASKS,
    BY_HAND: BY_HAND,
    AT_LANDMARKS: AT_LANDMARKS,
}


class ChoiceBox(QWidget):
    """Two images of the case, a method, a start, outlines, and whether the way back is done too.

    Outlines of an organ are label maps on the grids of the images; they are asked for where the method
    or the start needs them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fixed, self.moving = QComboBox(), QComboBox()
        self.method, self.start = QComboBox(), QComboBox()
        self.both_ways = QCheckBox("There and back")
        self.both_ways.setChecked(True)
        self.both_ways.setToolTip(
            "Align the other way round too: how well both agree tells most of the result"
        )
        for name in METHODS.names():
            spec = METHODS.get(name)
            if not spec.missing:
                self.method.addItem(f"{name}: {spec.title}", name)
        likely = [self.method.findData(name) for name in ("rigid", "rigid-information")]
        self.method.setCurrentIndex(next((k for k in likely if k >= 0), 0))
        for words, how in _STARTS.items():
            self.start.addItem(words, how)
        self._maps: tuple[tuple[Labels, Geometry], ...] = ()
        self.fixed_outline, self.moving_outline = QComboBox(), QComboBox()
        for outline, side in ((self.fixed_outline, "fixed"), (self.moving_outline, "moving")):
            _keep_narrow(outline, 6)
            outline.setToolTip(f"Outline of the organ in the {side} image: a label map on its grid")
        both = QHBoxLayout()
        both.addWidget(self.fixed_outline, 1)
        both.addWidget(QLabel("and"))
        both.addWidget(self.moving_outline, 1)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for title, choice in (
            ("Fixed", self.fixed),
            ("Moving", self.moving),
            ("Method", self.method),
            ("Begin", self.start),
        ):
            _keep_narrow(choice, 12)
            form.addRow(title, choice)
        form.addRow("Outlines", both)
        self._form, self._outline_row = form, form.rowCount() - 1
        self.method.currentIndexChanged.connect(self._show_outlines)
        self.start.currentIndexChanged.connect(self._show_outlines)
        self.fixed.currentIndexChanged.connect(self._fill_outlines)
        self.moving.currentIndexChanged.connect(self._fill_outlines)
        self._show_outlines()

    @property
    def images(self) -> tuple[Volume, Volume] | None:
        """The fixed and the moving image; None if there are none, or one is both."""
        fixed, moving = self.fixed.currentData(), self.moving.currentData()
        return None if fixed is None or moving is None or fixed is moving else (fixed, moving)

    @property
    def needs_outlines(self) -> bool:
        """Whether the method works on outlines, or it begins where they meet."""
        name = self.method.currentData()
        by_method = name is not None and METHODS.get(name).needs_masks
        return by_method or self.start.currentData() == Start.MASKS

    @property
    def outlines(self) -> tuple[Labels, Labels] | None:
        """The layers that outline the organ in the fixed and the moving image, if they are needed.

        None if they are not, or one is not there.
        """
        fixed, moving = self.fixed_outline.currentData(), self.moving_outline.currentData()
        return None if not self.needs_outlines or fixed is None or moving is None else (fixed, moving)

    def offer_outlines(self, maps: Sequence[tuple[Labels, Geometry]]) -> None:
        """Offer layers of label maps, each with its grid, for the image that lies on the same one."""
        self._maps = tuple(maps)
        self._fill_outlines()

    def _fill_outlines(self, _index: int = 0) -> None:
        for image, outline in ((self.fixed, self.fixed_outline), (self.moving, self.moving_outline)):
            volume, before = image.currentData(), outline.currentText()
            outline.clear()
            for layer, grid in self._maps:
                if volume is not None and grid.is_same_grid(volume.geometry):
                    outline.addItem(layer.name, layer)
            if not outline.count():
                outline.addItem("no label map", None)
            outline.setCurrentIndex(max(0, outline.findText(before)))

    def _show_outlines(self, _index: int = 0) -> None:
        self._form.setRowVisible(self._outline_row, self.needs_outlines)

    def offer(self, volumes: Sequence[Volume]) -> None:
        """Offer images; what was chosen stays chosen."""
        for choice, likely in ((self.fixed, 0), (self.moving, 1)):
            before = choice.currentData()
            choice.clear()
            for volume in volumes:
                choice.addItem(title_of(volume), volume)
            kept = next((k for k, v in enumerate(volumes) if v is before), None)
            choice.setCurrentIndex(min(likely, len(volumes) - 1) if kept is None else kept)


def _keep_narrow(choice: QComboBox, n_characters: int) -> None:
    """Let a choice be as wide as its place, whatever long names it holds."""
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(n_characters)
