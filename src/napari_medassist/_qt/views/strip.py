"""The strip above the panels: which layout is shown, crosshair, hanging of opened studies."""

from __future__ import annotations

from functools import partial

from napari.utils.notifications import show_warning
from qtpy.QtCore import QSignalBlocker, QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.views.clips import ClipsBeside
from napari_medassist._qt.views.keys import WINDOW_KEYS, bind_view_keys, keys_in_words
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.app.hanging.protocol import Layout, Protocol, fused_layout, protocol_for
from napari_medassist.app.hanging.reading import all_protocols, built_in_protocols
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case

_HANGS = "hang_protocols"
_PAGE_SLICES = 5
_ALONE = "napari's canvas alone"


class ViewStrip(QWidget):
    """Chooses what is shown side by side.

    A study with several series is hung by itself when it is opened, unless this is switched off, or a
    cohort is looked through.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    settings
        Where the choice of hanging is kept.

    Signals
    -------
    hung
        Emits whether clips are shown, when a study was hung by itself.
    """

    hung = Signal(bool)

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__()
        self._bridge, self._settings = bridge, settings
        self.views = linked_views_of(bridge)
        self.clips = ClipsBeside(bridge)
        self._protocols: tuple[Protocol, ...] = built_in_protocols()
        self._hung: Case | None = None
        self.layouts = QComboBox()
        self.layouts.setToolTip(f"What is shown side by side.\n\n{keys_in_words()}")
        self.crosshair = QCheckBox("Crosshair")
        self.crosshair.setChecked(True)
        self.hangs = QCheckBox("Hang studies")
        self.hangs.setToolTip("Show a study with several series side by side when it is opened")
        self.hangs.setChecked(bool(settings.ui(_HANGS, default=True)))
        self._later = QTimer(self)  # a study comes layer by layer
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._hang_opened)
        self._lay_out()
        self._connect()
        self._offer()

    # ---------------------------------------------------------------- acts

    @shows_errors
    def show_layout(self, layout: Layout | None) -> None:
        """Show a layout, or napari's canvas alone."""
        self.clips.close()
        if layout is None:
            self.views.close()
            self._bridge.viewer.status = ""  # what was missing in the layout before does not count now
        elif layout.n_clips:
            self.views.close()
            self.clips.show(layout.n_clips)
        else:
            self.views.show(layout)
            without = ", ".join(self.views.missing)
            told = f": the case has no {without}." if without else ""
            self._bridge.viewer.status = f"{layout.name}{told}"
            self.crosshair.setChecked(True)
        with QSignalBlocker(self.layouts):
            self.layouts.setCurrentIndex(max(0, self._place_of(layout)))

    def next_layout(self) -> None:
        """Show the next layout of the protocol that is shown, the first after the last."""
        offered = [self.layouts.itemData(n) for n in range(1, self.layouts.count())]
        shown = self.layouts.currentData()
        if not offered:
            return
        protocol = next((p for p in self._protocols if shown in p.layouts), None)
        layouts = list(protocol.layouts) if protocol is not None else offered
        now = layouts.index(shown) if shown in layouts else -1
        self.show_layout(layouts[(now + 1) % len(layouts)])

    def toggle(self) -> None:
        """Take the views down, or show those that fit the case."""
        if self.views.is_shown:
            self.show_layout(None)
        elif self._bridge.session.case is not None:
            self._hang(self._bridge.session.case)

    # ---------------------------------------------------------------- the case

    def _on_case(self, case: Case | None) -> None:
        if case is None:
            self.views.close()
            self.clips.close()
            self._hung = None
        self._later.start()

    def _hang_opened(self) -> None:
        """Hang a study once, when all its layers are there."""
        case = self._bridge.session.case
        self._offer()
        is_hung = case is not None and self._hung is not None and case.name == self._hung.name
        if case is None or is_hung or not self.hangs.isChecked():
            return
        are_clips = any(case.clips()) and not any(case.volumes())
        is_one = len({s.role for s in case.series}) < 2 and not are_clips
        if self._bridge.session.cohort is not None or is_one:
            return
        self._hang(case)

    def _hang(self, case: Case) -> None:
        self._protocols, problems = all_protocols()
        self._offer()
        for problem in problems:
            show_warning(str(problem))
        protocol = protocol_for(case, self._protocols)
        if protocol is not None:
            self._hung = case
            self.show_layout(protocol.layouts[0])
            self.hung.emit(bool(protocol.layouts[0].n_clips))

    def _offer(self) -> None:
        """Offer the layouts of all protocols that fit the case."""
        case, shown = self._bridge.session.case, self.layouts.currentData()
        with QSignalBlocker(self.layouts):
            self.layouts.clear()
            self.layouts.addItem(_ALONE, None)
            for protocol in self._protocols:
                if case is not None and protocol.fits(case):
                    for layout in protocol.layouts:
                        self.layouts.addItem(f"{protocol.name}: {layout.name}", layout)
            fused = None if case is None else fused_layout(case)
            if fused is not None:
                self.layouts.addItem(fused.name, fused)
            self.layouts.setCurrentIndex(max(0, self._place_of(shown)))

    def _place_of(self, layout: Layout | None) -> int:
        places = range(self.layouts.count())
        return next((n for n in places if self.layouts.itemData(n) == layout), 0)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 0)
        grid.addWidget(self.layouts, 0, 0, 1, 2)
        grid.addWidget(self.crosshair, 1, 0)
        grid.addWidget(self.hangs, 1, 1)

    def _connect(self) -> None:
        self.layouts.activated.connect(lambda n: self.show_layout(self.layouts.itemData(n)))
        self.crosshair.toggled.connect(self.views.show_crosshair)
        self.hangs.toggled.connect(lambda on: self._settings.set_ui(_HANGS, on))
        self.views.changed.connect(self._on_views_changed)
        self._bridge.session.case_changed.connect(self._on_case)
        bind_view_keys(
            self._bridge.viewer,
            {
                "F2": self.next_layout,
                "F3": self.crosshair.toggle,
                "F4": self.toggle,
                "W": lambda: self._tell(self.views.next_window()),
                "Shift-W": lambda: self._tell(self.views.next_window(-1)),
                "PageUp": lambda: self.views.step(_PAGE_SLICES),
                "PageDown": lambda: self.views.step(-_PAGE_SLICES),
                "Home": lambda: self.views.go_to_end(-1),
                "End": lambda: self.views.go_to_end(1),
                **{
                    key: partial(self._choose_window, number)
                    for number, key in enumerate(WINDOW_KEYS, start=1)
                },
            },
        )

    def _on_views_changed(self) -> None:
        if not self.views.is_shown:
            with QSignalBlocker(self.layouts):
                self.layouts.setCurrentIndex(0)

    def _choose_window(self, number: int) -> None:
        self._tell(self.views.numbered_window(number))

    def _tell(self, window: str) -> None:
        if window:
            self._bridge.viewer.status = f"Window: {window}"
