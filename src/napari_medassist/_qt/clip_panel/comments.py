"""Comments on the clip: in its sound, or spoken while it plays; and the review of what is doubtful."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.clip_panel.buttons import set_up
from napari_medassist._qt.listening import Listening
from napari_medassist._qt.threads import run_with_dialog
from napari_medassist.app.clips.commenting import Commenting
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.settings import Settings
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.app.voicing.readiness import what_is_missing
from napari_medassist.app.voicing.recognisers import Recognisers
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.progress import Progress
from napari_medassist.voice.desk import Moment
from napari_medassist.voice.hearing import Source, Understood
from napari_medassist.voice.labels import LabelVocabulary, read_labels
from napari_medassist.voice.transcribing import Transcript, transcribe, understood
from napari_medassist.voice.wording import plain


class CommentBox(QWidget):
    """Listens to comments and leads through the doubtful ones.

    Signals
    -------
    told
        Emits what a user should know.
    wanted
        Emits the row to go to.
    begins
        Comments are listened to from now on: whoever else listens should not.

    Parameters
    ----------
    frame
        Returns the frame that is shown.
    """

    told = Signal(str)
    wanted = Signal(str)
    begins = Signal()

    def __init__(self, frame: Callable[[], int | None]) -> None:
        super().__init__()
        self._work: ClipLabelling | None = None
        self._commenting: Commenting | None = None
        self._path: Path | None = None
        self._since_s = 0.0
        self._vocabulary: LabelVocabulary | None = None
        self._listened_for: LabelVocabulary | None = None
        self._recognisers = Recognisers()
        self.listening = Listening(lambda: Moment(frame=frame()), self)
        self.listening.understood.connect(self._take)
        self.listening.failed.connect(self.told)
        self.listening.changed.connect(self._show)
        self.from_sound, self.aloud = QPushButton("From its sound"), QPushButton("Speak")
        self.choose = QPushButton("Words")
        self.count = QLabel()
        self.next, self.right, self.wrong = (QPushButton(t) for t in ("Next", "Right", "Wrong"))
        self._lay_out()
        self._show()

    # ---------------------------------------------------------------- acts

    def show_clip(self, work: ClipLabelling | None, path: Path | None) -> None:
        """Comment on this clip from now on.

        Parameters
        ----------
        work
            Its ranges; None if no clip is open.
        path
            Its file, which may have sound.
        """
        self.listening.stop()
        if self._work is not None:
            self._work.changed.disconnect(self._show)
        self._work, self._path, self._since_s = work, path, time.monotonic()
        self._commenting = None if work is None else Commenting(work)
        if work is not None:
            work.changed.connect(self._show)
        self._show()

    def read_words(self, path: Path) -> None:
        """Listen for the labels of a file, with their synonyms."""
        vocabulary = read_labels(path)
        self._vocabulary = vocabulary
        self._required_work().know_labels(vocabulary.words)
        self.told.emit(f"{len(vocabulary.words)} labels are listened for.")

    def take_sound(self) -> None:
        """Find the labels that are named in the sound of the clip.

        Raises
        ------
        MedAssistError
            If the file has no sound, or something is missing.
        """
        vocabulary, path = self._words(), self._path
        if path is None:
            raise InvalidSetting(
                "The file of this clip has no sound.", cure="Press Speak and comment while it plays."
            )
        choices = self._required_choices()

        def run(progress: Progress) -> tuple[Transcript, tuple[str, ...]]:
            progress(0, 0, "Getting ready")
            recogniser = self._recognisers.make(vocabulary, choices)
            return transcribe(path, vocabulary, recogniser, progress), recogniser.unknown

        made, unknown = run_with_dialog("Listening to the clip", run, self)
        n = self._required_commenting().take(made.comments)
        nothing = sum(not one.comments for one in made.heard)
        told = f"{n} ranges from {len(made.heard)} utterances; {nothing} of these name no label."
        if unknown:
            told += f" Not heard, as the recogniser does not know their sound: {', '.join(unknown)}."
        self.told.emit(told)

    def speak(self, *, on: bool, source: Source | None = None) -> None:
        """Begin or end to listen to comments while the clip plays.

        Raises
        ------
        MedAssistError
            If something is missing.
        """
        try:
            if on:
                choices = self._required_choices()
                self.begins.emit()
                self._listened_for = self._words()
                self.listening.get_ready(self._listened_for, choices)
                self.listening.start(choices, source)
            else:
                self.listening.stop()
        finally:
            self._show()

    def review(self, act: str) -> None:
        """Go to the next doubtful range, or say that the shown one is ``right`` or ``wrong``."""
        commenting = self._required_commenting()
        doubtful = commenting.doubtful()
        if not doubtful:
            raise InvalidSetting("No range is doubtful.")
        if act == "next":
            self.wanted.emit(self._after(doubtful))
            return
        row = self._shown if self._shown in doubtful else doubtful[0]
        after = self._after(doubtful, row)
        (commenting.confirm if act == "right" else commenting.reject)(row)
        left = commenting.doubtful()
        if left:
            self.wanted.emit(after if after in left else left[0])

    def show_row(self, row: str) -> None:
        """Take note of the range that is selected."""
        self._shown = row

    def close(self) -> bool:
        """Stop for good."""
        self.listening.close()
        return super().close()

    # ---------------------------------------------------------------- what is heard

    def _take(self, said: Understood, begin: Moment) -> None:
        work, commenting, words = self._work, self._commenting, self._listened_for
        if work is None or commenting is None or words is None:
            return
        is_of_another = said.utterance.begin_s < self._since_s  # said while another clip was open
        if is_of_another or said.outcome is None or begin.frame is None:
            return
        heard = understood(said.utterance, words, said.outcome)
        times, first = work.key.times_s, begin.frame

        def shown_s(at_s: float) -> float:
            """Return the time of the frame that was shown, not before that of the first word."""
            frame = self.listening.moment_at(at_s).frame
            is_first = frame is None or at_s <= said.utterance.begin_s
            return times[first if is_first or frame is None else max(first, frame)]

        begin_s = times[first]
        comments = [
            replace(c, begin_s=shown_s(c.begin_s), end_s=max(shown_s(c.begin_s), shown_s(c.end_s)))
            for c in heard.comments
        ]
        if not comments:
            self.told.emit(f"Heard '{heard.text}': it names no label.")
            return
        try:
            commenting.take(comments)
        except MedAssistError as error:
            self.told.emit(str(error))
            return
        names = ", ".join(f"{c.label}{'' if c.is_sure else '?'}" for c in comments)
        self.told.emit(f"At {begin_s:.1f} s: {names}")

    # ---------------------------------------------------------------- small ones

    def _words(self) -> LabelVocabulary:
        """Return what is listened for: the words that were read, and the labels of the list."""
        names = [name for name in self._required_work().labels.names if plain(name)]
        words = {} if self._vocabulary is None else dict(self._vocabulary.words)
        return LabelVocabulary({**words, **{name: () for name in names if name not in words}})

    @staticmethod
    def _required_choices() -> Choices:
        """Return what the settings of voice say now: microphone, recogniser, language."""
        choices = replace(Choices.of(Settings()), mode=Mode.OPEN)  # another panel writes them
        missing = what_is_missing(choices)
        if missing is not None:
            raise InvalidSetting(missing.text)
        return choices

    def _required_work(self) -> ClipLabelling:
        if self._work is None:
            raise InvalidSetting("No clip is open.")
        return self._work

    def _required_commenting(self) -> Commenting:
        if self._commenting is None:
            raise InvalidSetting("No clip is open.")
        return self._commenting

    def _after(self, doubtful: tuple[str, ...], row: str = "") -> str:
        """Return the doubtful range after one, by default after the shown one; the first after all."""
        row = row or self._shown
        place = doubtful.index(row) + 1 if row in doubtful else 0
        return doubtful[place % len(doubtful)]

    def _show(self) -> None:
        doubtful = () if self._commenting is None else self._commenting.doubtful()
        self.count.setText(f"{len(doubtful)} doubtful" if doubtful else "Comments")
        for button in (self.next, self.right, self.wrong):
            button.setEnabled(bool(doubtful))
        self.aloud.setChecked(self.listening.is_listening)
        words = "Listening" if self.listening.is_listening else "Speak"
        if self.listening.is_listening and self.listening.is_getting_ready:
            words = "Getting ready"
        self.aloud.setText(words)

    def _ask_words(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Labels and synonyms", "", "Labels (*.json *.txt)")
        if path:
            self._attempt(lambda: self.read_words(Path(path)))

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except MedAssistError as error:
            self.told.emit(str(error))

    def _lay_out(self) -> None:
        self._shown = ""
        self.aloud.setCheckable(True)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, button, tip in (
            (first, self.from_sound, "Find the labels that are named in the sound of the clip"),
            (first, self.aloud, "Name what you see while the clip plays; each name becomes a range"),
            (first, self.choose, "Open labels with the words that they go by (JSON or text)"),
            (second, self.next, "Go to the next doubtful range. Key: D"),
            (second, self.right, "The doubtful range is right. Key: A"),
            (second, self.wrong, "The doubtful range is wrong, remove it. Key: R"),
        ):
            set_up(button, tip)
            if row is second and button is self.next:
                row.addWidget(self.count, 1)
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(first)
        layout.addLayout(second)
        self.from_sound.clicked.connect(lambda _checked: self._attempt(self.take_sound))
        self.aloud.clicked.connect(lambda checked: self._attempt(lambda: self.speak(on=checked)))
        self.choose.clicked.connect(lambda _checked: self._ask_words())
        for button, act in ((self.next, "next"), (self.right, "right"), (self.wrong, "wrong")):
            button.clicked.connect(lambda _checked, act=act: self._attempt(lambda: self.review(act)))
