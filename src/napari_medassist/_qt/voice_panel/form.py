"""The widgets of the tab "Voice"."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.voice_panel.log_table import LogTable
from napari_medassist.app.voicing.choices import Mode
from napari_medassist.voice.spoken_grammar import SpokenGrammar

_FULL = 1000
#: Sound so loud fills the meter.
_LOUD = 0.25


class VoiceForm(QWidget):
    """What the tab shows.

    Signals
    -------
    answered
        Emits the place of the choice that was pressed, or None for "no".
    """

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.listen, self.mode = QPushButton("Listen"), QComboBox()
        self.settings = QPushButton("Settings")
        self.meter, self.state = QProgressBar(), _words()
        self.reply, self.question = _words(), QWidget()
        self.asked = _words()
        self.choices = [QPushButton(), QPushButton()]
        self.no = QPushButton("No (N)")
        self.cure = QPushButton()
        self.log, self.phrases = LogTable(), QTreeWidget()
        self.replay, self.correct = QPushButton("Hear again"), QPushButton("Correct")
        self.pages, self.shows_log = QStackedWidget(), QPushButton("Log")
        self.shows_phrases = QPushButton("What can I say")
        self._lay_out()
        self.show_question("", ())

    def show_level(self, level: float, *, is_speaking: bool) -> None:
        """Show how loud it is, and whether speech was noticed."""
        self.meter.setValue(round(min(1.0, (level / _LOUD) ** 0.5) * _FULL))
        name = "speaking" if is_speaking else "quiet"
        if self.meter.property("heard") != name:
            self.meter.setProperty("heard", name)
            colour = "#5fd38d" if is_speaking else "#5a7fb0"
            self.meter.setStyleSheet(f"QProgressBar::chunk {{ background: {colour}; }}")

    def show_question(self, text: str, choices: tuple[str, ...]) -> None:
        """Show what is asked, with a button for each answer; hidden without a question."""
        self.question.setVisible(bool(text))
        self.asked.setText(text)
        for place, button in enumerate(self.choices):
            button.setVisible(place < len(choices))
            if place < len(choices):
                button.setText(f"{choices[place]} ({'Y2'[place]})")

    def show_grammar(self, grammar: SpokenGrammar | None) -> None:
        """List what may be said."""
        self.phrases.clear()
        if grammar is None:
            return
        for title, texts in grammar.by_title().items():
            item = QTreeWidgetItem([title, texts[0]])
            item.setToolTip(0, f"{title}\n{len(texts)} ways to say it")
            item.addChildren([QTreeWidgetItem(["", text]) for text in texts])
            self.phrases.addTopLevelItem(item)

    def show_page(self, page: QWidget) -> None:
        """Show the log, or what may be said."""
        self.pages.setCurrentWidget(page)
        self.shows_log.setChecked(page is not self.phrases)
        self.shows_phrases.setChecked(page is self.phrases)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.listen.setCheckable(True)
        self.listen.setToolTip("Open or close the microphone. No sound leaves this computer")
        self.mode.addItems(list(Mode))
        self.mode.setToolTip("Push to talk: while a key is held. Open microphone: all the time")
        self.meter.setRange(0, _FULL)
        self.meter.setTextVisible(False)
        self.meter.setFixedHeight(8)
        self.meter.setToolTip("How loud it is; green while speech is heard")
        top = QHBoxLayout()
        for widget, share in ((self.listen, 3), (self.mode, 4), (self.settings, 2)):
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            top.addWidget(widget, share)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(top)
        layout.addWidget(self.meter)
        layout.addWidget(self.state)
        layout.addWidget(self.cure)
        layout.addWidget(self._question_box())
        layout.addWidget(self.reply)
        layout.addLayout(self._page_row())
        self._fill_pages()
        layout.addWidget(self.pages, 1)

    def _question_box(self) -> QWidget:
        rows = QVBoxLayout(self.question)
        rows.setContentsMargins(0, 4, 0, 4)
        self.asked.setStyleSheet("color: #ffd24d; font-weight: bold;")
        rows.addWidget(self.asked)
        for place, button in enumerate(self.choices):
            button.clicked.connect(lambda _checked, place=place: self.answered.emit(place))
            rows.addWidget(button)
        self.no.clicked.connect(lambda _checked: self.answered.emit(None))
        rows.addWidget(self.no)
        for button in (*self.choices, self.no):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        return self.question

    def _page_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for button in (self.shows_log, self.shows_phrases):
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addWidget(button)
        return row

    def _fill_pages(self) -> None:
        page, acts = QWidget(), QHBoxLayout()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.log, 1)
        self.replay.setToolTip("Hear the selected utterance, if its sound was kept")
        self.correct.setToolTip("Say what was meant; the next time it is understood better")
        for button in (self.replay, self.correct):
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            acts.addWidget(button)
        rows.addLayout(acts)
        self.phrases.setHeaderLabels(["What it does", "What is said"])
        self.phrases.setColumnWidth(
            0, self.fontMetrics().horizontalAdvance("Describe the lesion at the")
        )
        self.phrases.setObjectName("medassist_phrases")
        self.phrases.setAccessibleName("What can I say")
        self.pages.addWidget(page)
        self.pages.addWidget(self.phrases)
        self.shows_log.clicked.connect(lambda _checked: self.show_page(page))
        self.shows_phrases.clicked.connect(lambda _checked: self.show_page(self.phrases))
        self.show_page(page)


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
