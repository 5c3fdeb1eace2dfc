"""Which image is brought to which, by what method, and where that begins."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QWidget

from napari_medassist.app.registering.aligning import title_of
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.volume import Volume
from napari_medassist.registration.start import Start

BY_HAND, AT_LANDMARKS = "by hand", "at the landmarks"
_STARTS = {
    "as the scanner placed them": Start.SCANNER,
    "where their middles meet": Start.CENTRES,
    "where their brightness meets": Start.MASSES,
    BY_HAND: BY_HAND,
    AT_LANDMARKS: AT_LANDMARKS,
}


class ChoiceBox(QWidget):
    """Two images of the case, a method, a start, and whether the way back is done too."""

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
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for title, choice in (
            ("Fixed", self.fixed),
            ("Moving", self.moving),
            ("Method", self.method),
            ("Begin", self.start),
        ):
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(12)
            form.addRow(title, choice)

    @property
    def images(self) -> tuple[Volume, Volume] | None:
        """The fixed and the moving image; None if there are none, or one is both."""
        fixed, moving = self.fixed.currentData(), self.moving.currentData()
        return None if fixed is None or moving is None or fixed is moving else (fixed, moving)

    def offer(self, volumes: Sequence[Volume]) -> None:
        """Offer images; what was chosen stays chosen."""
        for choice, likely in ((self.fixed, 0), (self.moving, 1)):
            before = choice.currentData()
            choice.clear()
            for volume in volumes:
                choice.addItem(title_of(volume), volume)
            kept = next((k for k, v in enumerate(volumes) if v is before), None)
            choice.setCurrentIndex(min(likely, len(volumes) - 1) if kept is None else kept)
