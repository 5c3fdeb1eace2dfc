"""One above the other where there is height, in tabs where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QEvent, Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

_SPACING_PX = 4
#: What a change of height must exceed before the arrangement changes back, so that it does not flicker.
_SLACK_PX = 24


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a panel.

    Parameters
    ----------
    title
        What its tab says.
    widget
        The part.
    height_px
        Height that it needs to be of use.
    joins
        True if it may share a tab with the section before it, where both fit.
    stretches
        True if it takes the height that is left.
    """

    title: str
    widget: QWidget
    height_px: int
    joins: bool = False
    stretches: bool = False


class Arrangement(QWidget):
    """Shows sections below a head that is always seen.

    Signals
    -------
    arranged
        The sections were put one above the other, or into tabs.

    Parameters
    ----------
    head
        Widgets on top.
    sections
        In the order in which they stand in tabs.
    stacked
        Titles in the order in which they stand one above the other; those in front of ``None`` stand
        above the head.
    """

    arranged = Signal()

    def __init__(
        self,
        head: Sequence[QWidget],
        sections: Sequence[Section],
        stacked: Sequence[str | None],
    ) -> None:
        super().__init__()
        self._head, self._sections = tuple(head), tuple(sections)
        by_title = {section.title: section for section in sections}
        self._stacked = [None if title is None else by_title[title] for title in stacked]
        self.tabs: QTabWidget | None = None
        self._groups: list[list[Section]] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._content: QWidget | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._arrange)
        self._stack()

    @property
    def is_stacked(self) -> bool:
        """Whether the sections stand one above the other."""
        return self.tabs is None

    def bring_forward(self, title: str) -> None:
        """Show a section, if it is hidden behind a tab."""
        if self.tabs is not None:
            for number, group in enumerate(self._groups):
                if any(section.title == title for section in group):
                    self.tabs.setCurrentIndex(number)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Arrange anew where the height asks for it, once the resizing is done."""
        super().resizeEvent(event)
        self._later.start()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Larger letters need more height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._later.start()

    # ---------------------------------------------------------------- arranging

    def _arrange(self) -> None:
        room = self.height() - (0 if self.is_stacked else _SLACK_PX)
        if room >= self._needed_px(self._sections):
            if not self.is_stacked:
                self._stack()
            return
        groups = self._packed()
        if [[s.title for s in group] for group in groups] != [
            [s.title for s in group] for group in self._groups
        ]:
            self._tab(groups)

    def _needed_px(self, sections: Sequence[Section]) -> int:
        parts = len(self._head) + len(sections)
        head = sum(widget.sizeHint().height() for widget in self._head if not widget.isHidden())
        return head + sum(s.height_px for s in sections) + parts * _SPACING_PX

    def _packed(self) -> list[list[Section]]:
        """Return the sections of each tab: as many as fit, where they may stand together."""
        bar = self.fontMetrics().height() + 4 * _SPACING_PX
        groups: list[list[Section]] = []
        for section in self._sections:
            if section.joins and groups:
                joined = [*groups[-1], section]
                if self._needed_px(joined) + bar <= self.height():
                    groups[-1] = joined
                    continue
            groups.append([section])
        return groups

    def _stack(self) -> None:
        content = QWidget()
        layout = _column(content)
        for section in self._stacked:
            if section is None:
                for widget in self._head:
                    layout.addWidget(widget)
            else:
                layout.addWidget(section.widget, int(section.stretches))
                section.widget.show()
        self._groups = []
        self._replace(_scrolling(content), None)

    def _tab(self, groups: list[list[Section]]) -> None:
        shown = "" if self.tabs is None else self.tabs.tabText(self.tabs.currentIndex())
        content, tabs = QWidget(), QTabWidget()
        layout = _column(content)
        for widget in self._head:
            layout.addWidget(widget)
        layout.addWidget(tabs, 1)
        for group in groups:
            page = QWidget()
            column = _column(page)
            for section in group:
                column.addWidget(section.widget, int(section.stretches))
                section.widget.show()
            if not any(section.stretches for section in group):
                column.addStretch(1)
            tabs.addTab(_scrolling(page), group[0].title)
            if group[0].title == shown:
                tabs.setCurrentIndex(tabs.count() - 1)
        self._groups = groups
        self._replace(content, tabs)

    def _replace(self, content: QWidget, tabs: QTabWidget | None) -> None:
        before, self._content, self.tabs = self._content, content, tabs
        self._layout.addWidget(content)
        if before is not None:
            self._layout.removeWidget(before)
            before.deleteLater()
        self.arranged.emit()


def _column(parent: QWidget) -> QVBoxLayout:
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(2, _SPACING_PX, 2, _SPACING_PX)
    layout.setSpacing(_SPACING_PX)
    return layout


def _scrolling(content: QWidget) -> QScrollArea:
    scroll = QScrollArea()
    scroll.setWidget(content)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    return scroll
