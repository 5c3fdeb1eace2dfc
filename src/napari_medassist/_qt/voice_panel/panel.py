"""The tab "Voice": commands at the cursor."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QInputDialog, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.listening import Listening
from napari_medassist._qt.threads import run_with_dialog
from napari_medassist._qt.views.main_canvas import canvas_of
from napari_medassist._qt.voice_panel.bubble import Bubble
from napari_medassist._qt.voice_panel.choices_dialog import ChoicesDialog
from napari_medassist._qt.voice_panel.desk import WindowDesk
from napari_medassist._qt.voice_panel.form import VoiceForm
from napari_medassist._qt.voice_panel.keys import PUSH_KEYS, VoiceKeys
from napari_medassist.app.acts import Act
from napari_medassist.app.annotating.session_place import sessions_folder
from napari_medassist.app.browser.marks import user_name
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.settings import Settings
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.app.voicing.conversation import Conversation, Reply, Result
from napari_medassist.app.voicing.log import LoggedUtterance, VoiceLog, logged
from napari_medassist.app.voicing.readiness import install_model, what_is_missing
from napari_medassist.app.voicing.vocabulary import UserVocabulary
from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.command import COMMANDS
from napari_medassist.voice.desk import Moment
from napari_medassist.voice.hearing import Source, Understood
from napari_medassist.voice.playback import play
from napari_medassist.voice.speaking import Speaker
from napari_medassist.voice.spoken_grammar import SpokenGrammar, spoken_grammar
from napari_medassist.voice.words import built_in_words

_LOOK_EVERY_MS = 60
#: What may be said is looked at anew when nothing has changed for so long.
_REST_MS = 400


class VoicePanel(QWidget):
    """Listens, does what is said, and keeps the log.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    settings
        What was chosen last.
    """

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__()
        self._bridge, self._settings = bridge, settings
        self.choices = Choices.of(settings)
        recording = bridge.recorder.recording
        store = FindingStore(recording, reader=lambda: settings.reader or user_name())
        self.desk = WindowDesk(bridge, store)
        self.conversation = Conversation(self.desk)
        self.listening = Listening(self.desk.now, self)
        self.keys = VoiceKeys(self, lambda: self.conversation.pending is not None)
        self.form, self.speaker = VoiceForm(), Speaker()
        self.bubble: Bubble | None = None
        self._asked_entry: LoggedUtterance | None = None
        self._log_folder, self._case_since_s = Path(), 0.0
        self._problem = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        self._connect()
        self._show_choices()
        self._show_case()

    # ---------------------------------------------------------------- acts

    def listen(self, *, on: bool, source: Source | None = None) -> None:
        """Open or close the microphone.

        Parameters
        ----------
        on
            Whether to open it.
        source
            What is heard in its place.
        """
        try:
            self._problem = ""
            if on:
                self._look()
                self.listening.start(self.choices, source)
            else:
                self.listening.stop()
        except MedAssistError as error:
            self._problem = str(error)
        self._show_state()

    def choose(self, choices: Choices) -> None:
        """Listen as chosen from now on."""
        was_listening = self.listening.is_listening
        if was_listening:
            self.listening.stop()
        self.choices = choices
        choices.keep(self._settings)
        self._show_choices()
        self._look()
        if was_listening:
            self.listen(on=True)

    def answer(self, choice: int | None) -> None:
        """Answer what was asked."""
        entry = self._asked_entry
        try:
            reply = self.conversation.answer(choice)
        except MedAssistError as error:
            self.form.reply.setText(str(error))
            return
        if entry is not None:
            told = "answered no" if choice is None else f"answered {choice + 1}: {reply.text}"
            self._log(replace(entry, result=reply.result, told=told))
        self._asked_entry = entry if self.conversation.pending is not None else None
        self._tell(reply, "", 0.0)

    def correct(self, entry: LoggedUtterance, phrase: str) -> None:
        """Say what was meant by an utterance; it is learned if it may be."""
        told = f"Corrected: {phrase}."
        try:
            self.form.log.add(self._voice_log().correct(entry, phrase))
            if self._vocabulary().learn(phrase, entry.written):
                told += f" '{entry.written}' counts for it from now on."
                self._look()
        except MedAssistError as error:
            told = f"{told} {error}"
        self.form.reply.setText(told)

    def close(self) -> bool:
        """Stop for good."""
        self._clock.stop()
        self._later.stop()
        self.listening.close()
        self.speaker.stop()
        return super().close()

    # ---------------------------------------------------------------- what was understood

    def _on_understood(self, understood: Understood, moment: Moment) -> None:
        is_open = self.choices.mode is Mode.OPEN
        if is_open and self.speaker.was_heard_at(understood.utterance.begin_s):
            return  # it is our own voice
        conversation, asked = self.conversation, self._asked_entry
        question = conversation.pending
        outcome = understood.outcome
        if understood.utterance.begin_s < self._case_since_s:
            reply, heard, sure = Reply(Result.IGNORED, "said before this case was opened"), "", 0.0
        elif outcome is None or conversation.is_dictating:
            text = understood.text if outcome is None else outcome.written
            reply, heard, sure = conversation.note(text, moment), "", 0.0
        else:
            reply = conversation.take(outcome, moment)
            heard, sure = outcome.text, outcome.confidence
        self.listening.is_dictating = conversation.is_dictating
        entry = logged(understood, moment, reply.result, reply.text, datetime.now(UTC))
        is_talk = is_open and reply.result is Result.IGNORED and asked is None
        if is_talk and not self.choices.keeps_sound:
            entry = entry.without_words()
        entry = self._log(entry, understood.utterance.samples if self.choices.keeps_sound else None)
        if reply.result is Result.ASKED and conversation.pending is not question:
            self._asked_entry = entry
        elif asked is not None and conversation.pending is None:
            self._log(replace(asked, result=reply.result, told=f"then said {heard}: {reply.text}"))
            self._asked_entry = None
        if not is_talk:
            self._tell(reply, heard, sure)

    def _tell(self, reply: Reply, heard: str, confidence: float) -> None:
        asked = self.conversation.pending
        texts = () if asked is None else tuple(one.text for one in asked.choices)
        self.form.show_question("" if asked is None else asked.text, texts)
        text = reply.text or "not understood"
        self.form.reply.setText("" if reply.result is Result.ASKED else text)
        if asked is not None and reply.result is Result.IGNORED:
            return  # the question stays at the mouse
        self._bubble().show_reply(replace(reply, text=text), heard, confidence)
        if self.choices.answers_aloud and reply.result is not Result.IGNORED:
            self.speaker.say(reply.text)

    def _log(self, entry: LoggedUtterance, sound: Any = None) -> LoggedUtterance:
        try:
            entry = self._voice_log().add(entry, sound)
        except MedAssistError as error:
            self._problem = str(error)
        self.form.log.add(entry)
        return entry

    def _dictate(self) -> None:
        self.conversation.is_dictating = True

    # ---------------------------------------------------------------- what may be said

    def _look_soon(self) -> None:
        self._later.start()

    def _look(self) -> None:
        """See what may be said now, and get ready for it."""
        self._later.stop()
        if not self._shows_missing():
            return
        try:
            words = built_in_words().joined(self._vocabulary().read())
            grammar = spoken_grammar(COMMANDS, self.desk.context(words))
        except MedAssistError as error:
            self._problem = str(error)
            self._show_state()
            return
        self.listening.get_ready(grammar, self.choices)
        self._show_state()

    def _shows_missing(self) -> bool:
        """Show what is missing, with its cure; tell whether all is there."""
        missing = what_is_missing(self.choices)
        self.form.cure.setVisible(missing is not None and missing.can_be_fetched)
        self.form.cure.setText("Fetch the speech model")
        self.form.listen.setEnabled(missing is None)
        self.form.state.setText("" if missing is None else missing.text)
        return missing is None

    def _fetch(self) -> None:
        try:
            run_with_dialog("Fetching the speech model", lambda _progress: install_model(), self)
        except MedAssistError as error:
            self.form.state.setText(str(error))
            return
        self._look()

    def _on_ready(self) -> None:
        grammar = self.listening.grammar
        if grammar is not self.conversation.grammar and isinstance(grammar, SpokenGrammar):
            self.conversation.grammar = grammar
            self.form.show_grammar(grammar)
        self._show_state()

    # ---------------------------------------------------------------- what is shown

    def _show_case(self, _case: object = None) -> None:
        """Show the log of the case; what was said of the one before is done no more."""
        self.conversation.pending, self.conversation.is_dictating = None, False
        self.listening.is_dictating, self._asked_entry = False, None
        self.form.show_question("", ())
        if self._voice_log().folder != self._log_folder:  # images may also join the open case
            self._log_folder, self._case_since_s = self._voice_log().folder, time.monotonic()
        try:
            log = self._voice_log()
            self.form.log.show_all(log.read())
            if log.n_unreadable:
                self._problem = f"{log.n_unreadable} lines of the voice log are not understood."
        except MedAssistError as error:
            self._problem = str(error)
        if self.listening.is_listening or self.isVisible():
            self._look_soon()

    def _show_choices(self) -> None:
        self.form.mode.setCurrentText(self.choices.mode)
        self.keys.push_key = (
            self.choices.key if self.choices.key in PUSH_KEYS else next(iter(PUSH_KEYS))
        )
        self._show_state()

    def _show_level(self) -> None:
        listening = self.listening
        self.form.show_level(listening.level, is_speaking=listening.is_speaking)
        if listening.is_listening:
            self._show_state()

    def _show_state(self) -> None:
        listening, form = self.listening, self.form
        form.listen.setChecked(listening.is_listening)
        form.listen.setText("Listening" if listening.is_listening else "Listen")
        if not form.listen.isEnabled():
            return
        words = [self._problem]
        if listening.is_getting_ready:
            words.append("Getting ready for what may be said here ...")
        elif listening.grammar is not None:
            words.append(f"{len(listening.grammar.phrases)} phrases are understood.")
        if listening.is_listening:
            push = self.choices.mode is Mode.PUSH
            words.append(f"Hold {self.keys.push_key} and speak." if push else "Speak.")
            words.append("Understanding ..." if listening.is_understanding else "")
        if listening.n_lost:
            words.append(f"{listening.n_lost} pieces of sound were lost.")
        text = " ".join(word for word in words if word)
        if form.state.text() != text:
            form.state.setText(text)

    def _bubble(self) -> Bubble:
        if self.bubble is None or self.bubble.parentWidget() is not self.window():
            self.bubble = Bubble(self.window())
        return self.bubble

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Get ready when the tab is looked at, not before: that takes time and memory."""
        super().showEvent(event)
        self.keys.watch(self)
        canvas = canvas_of(self._bridge.viewer)
        if canvas is not None:
            self.keys.watch(canvas)  # another window, if the dock floats
        self._look_soon()

    # ---------------------------------------------------------------- small ones

    def _voice_log(self) -> VoiceLog:
        """Return the log of the open case, or the one of no case."""
        recording = self._bridge.recorder.recording
        place = sessions_folder() if recording.case is None else recording.folder.parent
        return VoiceLog(place / "voice")

    def _vocabulary(self) -> UserVocabulary:
        return UserVocabulary(Path(self.choices.vocabulary) if self.choices.vocabulary else None)

    def _ask_choices(self) -> None:
        dialog = ChoicesDialog(self.choices, can_speak=self.speaker.can_speak, parent=self)
        if dialog.exec():
            self.choose(dialog.chosen())

    def _ask_correction(self) -> None:
        entry, grammar = self.form.log.chosen(), self.conversation.grammar
        if entry is None or grammar is None:
            self.form.reply.setText("Select an utterance of the log first.")
            return
        near = (entry.text, entry.alternative)
        phrases = [*dict.fromkeys((*(p for p in near if p), *sorted(grammar.phrases)))]
        phrase, is_chosen = QInputDialog.getItem(
            self, "Correct", f"'{entry.written}' was meant as:", phrases, 0, editable=True
        )
        if is_chosen and phrase.strip():
            self.correct(entry, phrase.strip())

    def _replay(self) -> None:
        entry = self.form.log.chosen()
        sound = None if entry is None else self._voice_log().sound_of(entry)
        try:
            self.form.reply.setText("" if sound else "Its sound was not kept (see Settings).")
            if sound is not None:
                play(sound)
        except MedAssistError as error:
            self.form.reply.setText(str(error))

    def _connect(self) -> None:
        form, bridge = self.form, self._bridge
        self.desk.on_list = lambda: form.show_page(form.phrases)
        self.desk.on_dictate, self.desk.on_stop = self._dictate, self._stop_listening
        form.listen.clicked.connect(lambda checked: self.listen(on=checked))
        form.mode.activated.connect(
            lambda _place: self.choose(replace(self.choices, mode=Mode(form.mode.currentText())))
        )
        form.settings.clicked.connect(lambda _checked: self._ask_choices())
        form.answered.connect(self.answer)
        form.correct.clicked.connect(lambda _checked: self._ask_correction())
        form.replay.clicked.connect(lambda _checked: self._replay())
        form.cure.clicked.connect(lambda _checked: self._fetch())
        self.keys.held.connect(self._on_held)
        self.keys.answered.connect(self.answer)
        self.listening.understood.connect(self._on_understood)
        self.listening.failed.connect(self._on_failure)
        self.listening.changed.connect(self._on_ready)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REST_MS)
        self._later.timeout.connect(self._look)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_EVERY_MS)
        self._clock.timeout.connect(self._show_level)
        self._clock.start()
        bridge.session.case_changed.connect(self._show_case)
        bridge.session.acts.offer(Act.STOP_LISTENING, self._stop_listening)
        bridge.recorder.recording.changed.connect(self._on_recorded)

    def _stop_listening(self) -> None:
        self.listen(on=False)

    def _on_held(self, held: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Take what is said from now on; an answer that is being said aloud stops."""
        if held:
            self.speaker.stop()
        self.listening.hold(held=held)

    def _on_failure(self, message: str) -> None:
        self._problem = message
        self._show_state()

    def _on_recorded(self) -> None:
        """Labels and lesions that were named or suggested may be spoken of."""
        if self.listening.is_listening:
            self._look_soon()
