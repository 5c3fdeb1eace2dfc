"""The buttons of the tab "Annotate": tools, operations, measurements."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton

from napari_medassist._qt.annotation_panel.measurements import MODES
from napari_medassist.app.annotating.operations import OPERATIONS
from napari_medassist.app.annotating.tools import NOT_ON_CLIPS, Tool

#: Keys in the viewer -> tool or operation. napari and the other panels leave them free.
KEYS = {
    "Shift-B": Tool.BRUSH,
    "Shift-E": Tool.ERASER,
    "Shift-T": Tool.RANGE_BRUSH,
    "Shift-F": Tool.FILL,
    "Shift-D": Tool.POLYGON,
    "Shift-S": Tool.SMART_EDGE,
    "Shift-G": Tool.GROW,
    "Shift-X": Tool.SPLIT,
    "Shift-I": "Interpolate",
    "Shift-M": "Smooth",
    "Shift-C": "Copy to next",
}
#: What each tool does.
TIPS = {
    Tool.BRUSH: "Paint a disc or a ball",
    Tool.ERASER: "Erase the chosen label",
    Tool.RANGE_BRUSH: "Paint only where the image lies in the range",
    Tool.FILL: "Fill what is connected to the click",
    Tool.POLYGON: "Click the corners; double-click closes and fills",
    Tool.SMART_EDGE: "Click along an edge, the outline follows it; double-click closes and fills",
    Tool.GROW: "Grow from the click while the image lies in the range",
    Tool.SPLIT: "Drag a line across the label to split it",
}
#: Where a button keeps what it says of itself when it is not greyed.
_TIP = "medassist_tip"


class ActButtons(QObject):
    """All buttons, in three grids that the panel lays out.

    Signals
    -------
    tool_clicked, operation_clicked, measurement_clicked, lesion_clicked
        With the tool, the title of the operation, the name of the measurement; nothing.
    """

    tool_clicked = Signal(object)
    operation_clicked = Signal(str)
    measurement_clicked = Signal(str)
    lesion_clicked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tools: dict[Tool, QPushButton] = {}
        self.operations: dict[str, QPushButton] = {}
        self.lesion = QPushButton("Lesion")

    def offer(self, *, is_clip: bool) -> None:
        """Grey what makes no sense on masks of a clip, with the reason."""
        for tool, button in self.tools.items():
            _offer(button, NOT_ON_CLIPS.get(tool, "") if is_clip else "")
        for title, button in self.operations.items():
            _offer(button, OPERATIONS[title].not_on_clips if is_clip else "")
        _offer(self.lesion, "Masks of a clip have no volume" if is_clip else "")

    def tool_grid(self) -> QGridLayout:
        """Make the buttons of the tools."""
        grid = QGridLayout()
        keys = {act: key for key, act in KEYS.items()}
        for place, tool in enumerate(Tool):
            button = self._button(str(tool), f"{TIPS[tool]}. Key: {keys[tool]}")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked, tool=tool: self.tool_clicked.emit(tool))
            self.tools[tool] = button
            grid.addWidget(button, place // 3, place % 3)
        return grid

    def operation_grid(self) -> QGridLayout:
        """Make the buttons of the operations."""
        grid = QGridLayout()
        for place, operation in enumerate(OPERATIONS.values()):
            button = self._button(operation.title, operation.tip)
            button.clicked.connect(
                lambda _checked, title=operation.title: self.operation_clicked.emit(title)
            )
            self.operations[operation.title] = button
            grid.addWidget(button, place // 3, place % 3)
        return grid

    def measurement_grid(self) -> QGridLayout:
        """Make the buttons of the measurements."""
        grid = QGridLayout()
        for place, what in enumerate(MODES):
            button = self._button(what, f"Measure: draw a {what.lower()} on the image")
            button.clicked.connect(lambda _checked, what=what: self.measurement_clicked.emit(what))
            grid.addWidget(button, 0, place)
        _describe(self.lesion, "Tell volume, diameters and intensities of the chosen label")
        self.lesion.clicked.connect(lambda: self.lesion_clicked.emit())
        grid.addWidget(self.lesion, 0, len(MODES))
        return grid

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        _describe(button, tip)
        return button


def _describe(button: QPushButton, tip: str) -> None:
    button.setToolTip(tip)
    button.setProperty(_TIP, tip)


def _offer(button: QPushButton, why_not: str) -> None:
    """Offer a button, or grey it with the reason."""
    button.setEnabled(not why_not)
    button.setToolTip(why_not or button.property(_TIP))
