"""The widgets of the tab "Clip": they show a clip and its labels, and say what was asked for."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.clip_panel.buttons import set_up
from napari_medassist._qt.clip_panel.range_table import RangeRows
from napari_medassist._qt.clip_panel.time_line import TimeLine
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.playing import SPEEDS
from napari_medassist.core.video import VideoClip

#: Groups of buttons: their text, what they ask for, and their tip.
_RANGES = (
    ("Label", "label", "Label the frames between the marks. Key: Enter"),
    ("Trim", "trim", "Give the selected range the marked ends"),
    ("Split", "split", "Split the selected range before the frame that is shown"),
    ("Merge", "merge", "Make one range of the selected ones of one label"),
    ("Remove", "remove", "Remove the selected range"),
    ("Export", "export", "Write the ranges as CSV or JSON, in frames and seconds"),
    ("Import", "import", "Read ranges of this clip"),
    ("Open list", "template", "Open a list of labels, one a line"),
    ("Save list", "save template", "Save this list of labels"),
    ("Frames", "frames", "Write labelled frames that are neither doubtful nor poor, to learn from"),
)
_MASKS = (
    ("New mask", "new mask", "Draw on the frames with napari's brush"),
    ("Interpolate", "interpolate", "Fill the label between the frames that it was drawn on"),
    ("Copy to next", "copy", "Copy the label to the next frame and go there"),
    ("Save masks", "save mask", "Write the masks as NRRD, NIfTI or MetaImage"),
    ("Open masks", "open mask", "Read masks of this clip"),
)


class ClipForm(QWidget):
    """What the tab shows.

    Signals
    -------
    asked
        Emits the name of what a button asks for.
    sought
        Emits the frame to go to.
    """

    asked = Signal(str)
    sought = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.title, self.message, self.place = _words(), _words(), QLabel()
        self.time_line, self.rows = TimeLine(), RangeRows()
        self.labels, self.speed = QComboBox(), QComboBox()
        self.loop, self.overlap = QCheckBox("Loop"), QCheckBox("Overlap")
        self.buttons: dict[str, QPushButton] = {}
        self._key: ClipKey | None = None
        self._inner, self._below_ranges = QWidget(), QVBoxLayout()
        self._lay_out()
        self.time_line.sought.connect(self.sought)
        self.rows.jumped.connect(self.sought)

    def add_below_ranges(self, widget: QWidget) -> None:
        """Put a widget between the table of ranges and the masks."""
        self._below_ranges.addWidget(widget)

    def tell(self, message: str) -> None:
        """Show a message in the panel's own line."""
        self.message.setText(message)

    def chosen_label(self) -> str:
        """Return the label that is chosen, or was written anew."""
        return self.labels.currentText().strip()

    def chosen_speed(self) -> float:
        """Return the speed that is chosen."""
        return float(self.speed.currentData())

    def show_clip(self, clip: VideoClip | None, key: ClipKey | None) -> None:
        """Show what is known of a clip; None if there is none."""
        self._key = key
        self._inner.setEnabled(clip is not None)
        self.tell("")
        self.title.setText("No clip is open." if clip is None or key is None else told_of(clip, key))

    def show_work(self, work: ClipLabelling | None) -> None:
        """Show the ranges, the marks and the labels to choose from."""
        self.time_line.show_work(work)
        self.rows.show_work(work)
        names = () if work is None else work.labels.names
        if names != tuple(self.labels.itemText(n) for n in range(self.labels.count())):
            chosen = self.chosen_label()
            self.labels.clear()
            self.labels.addItems(list(names))
            self.labels.setCurrentIndex(max(0, self.labels.findText(chosen)))
        self.overlap.setChecked(work is not None and work.labels.allows_overlap)

    def show_frame(self, frame: int) -> None:
        """Show which frame it is, and when."""
        self.time_line.show_frame(frame)
        if self._key is not None and frame < self._key.n_frames:
            times, last = self._key.times_s, self._key.n_frames - 1
            self.place.setText(f"Frame {frame} of 0..{last}, {times[frame]:.2f} s")

    def show_playing(self, is_playing: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Show whether the clip plays."""
        self.buttons["play"].setText("Pause" if is_playing else "Play")

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self._inner)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.addWidget(self.time_line)
        rows.addWidget(self.place)
        rows.addLayout(self._transport())
        rows.addLayout(self._label_row())
        rows.addLayout(self._grid(_RANGES, 4))
        rows.addWidget(self.rows, 1)
        rows.addLayout(self._below_ranges)
        rows.addLayout(self._grid(_MASKS))
        scroll = QScrollArea()
        scroll.setWidget(self._inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.addWidget(self.title)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.message)

    def _transport(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, name, tip in (
            ("<", "back", "One frame back. Keys: left arrow, comma"),
            ("Play", "play", "Play or pause; frames are dropped to keep time. Key: space"),
            (">", "on", "One frame on. Keys: right arrow, full stop"),
            ("In", "in", "Mark the first frame. Key: I"),
            ("Out", "out", "Mark the last frame. Key: O"),
        ):
            row.addWidget(self._button(text, name, tip), 2 if name == "play" else 1)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}x", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(self.speed)
        return row

    def _label_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.labels.setEditable(True)
        self.labels.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.labels.setToolTip("The label of the next range; a new one is added to the list")
        self.labels.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.loop.setToolTip("Play the selected range, or between the marks, over and over. Key: L")
        self.overlap.setToolTip("Let ranges of different labels share frames")
        for box in (self.loop, self.overlap):
            box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(self.labels, 1)
        row.addWidget(self.loop)
        row.addWidget(self.overlap)
        return row

    def _grid(self, wanted: tuple[tuple[str, str, str], ...], columns: int = 3) -> QGridLayout:
        grid = QGridLayout()
        for place, (text, name, tip) in enumerate(wanted):
            grid.addWidget(self._button(text, name, tip), place // columns, place % columns)
        return grid

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        set_up(button, tip)
        button.setMinimumWidth(24 + 7 * min(len(text), 4))
        button.clicked.connect(lambda _checked: self.asked.emit(name))
        self.buttons[name] = button
        return button


def told_of(clip: VideoClip, key: ClipKey) -> str:
    """Return what a user should know of a clip: size, length, pixel size, and what is doubtful."""
    rows, columns = clip.frames.shape[1:3]
    frames = f"{key.n_frames} frame{'s' * (key.n_frames != 1)}"
    spacing = clip.spacing_yx_mm
    size = "pixel size unknown: lengths are in pixels"
    if spacing is not None:
        size = f"pixels of {spacing[0]:.3g} x {spacing[1]:.3g} mm (y, x)"
    length = f"{key.times_s[-1] + key.frame_s:.2f} s"
    told = f"{clip.name or 'Clip'}: {frames}, {length}, {columns} x {rows}, {size}."
    return "\n".join((told, *clip.warnings))


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
