"""The tab "Voice" in a real window: spoken words, real keys, and what comes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from napari.layers import Points
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_medassist.app.layer_data import POINT_MARKS_KEY, case_layers
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.capture import Block
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.desk import LesionWish, Moment
from napari_medassist.voice.hearing import Understood
from napari_medassist.voice.labels import LabelVocabulary
from napari_medassist.voice.recognisers.kinds import OWN, SPHINX
from napari_medassist.voice.recognisers.outcome import Outcome
from tests.phantoms import oblique_case
from tests.unit.annotation.findings.zone_phantom import CENTRE_LPS_MM

pytestmark = pytest.mark.gui

Hear = Callable[[str], Any]
#: In the left peripheral zone of the phantom.
LEFT_PZ = np.add(CENTRE_LPS_MM, (17, 6, 0))
RIGHT_PZ = np.add(CENTRE_LPS_MM, (-17, 6, 0))


def _point_at(bridge: Any, point_lps_mm: np.ndarray) -> None:
    bridge.show_slice(point_lps_mm)
    viewer = bridge.viewer
    viewer.cursor.position = tuple(bridge.session.frame.lps_to_world(point_lps_mm))


def _findings(bridge: Any) -> list[Any]:
    return list(bridge.recorder.recording.document.findings.values())


def _key(panel: Any, key: Any, *, press: bool = True) -> None:
    handle = panel.window().windowHandle()
    (QTest.keyPress if press else QTest.keyRelease)(handle, key)


def test_a_spoken_lesion_is_made_at_the_cursor_and_undone_by_voice(
    panel: Any, bridge: Any, hear: Hear, own_sessions: Path
) -> None:
    _point_at(bridge, LEFT_PZ)
    entry = hear("lesion PI-RADS four left peripheral zone mid")
    assert (entry.action, entry.result) == ("execute", "done")
    [finding] = _findings(bridge)
    assert finding["fields"] == {"criteria": "PZ", "category": "4"}
    assert finding["location"]["sectors"] == ["left-mid-PZpl"]  # the zones at the cursor tell which
    off_mm = np.abs(np.asarray(finding["anchor_lps_mm"]) - LEFT_PZ)
    assert (off_mm <= (0.01, 0.01, 1.51)).all()  # in the slice that is shown
    assert np.allclose(entry.cursor_lps_mm, finding["anchor_lps_mm"], atol=1e-3)
    marks = [n for n in bridge.viewer.layers if isinstance(n, Points) and POINT_MARKS_KEY in n.metadata]
    assert np.allclose(marks[0].data[0], bridge.session.frame.lps_to_world(finding["anchor_lps_mm"]))
    assert panel.bubble.isVisible()
    assert panel.bubble.text().startswith("Lesion 1: PI-RADS 4, L mid PZpl")
    assert hear("undo that").result == "done"
    assert _findings(bridge) == []
    assert not [n for n in bridge.viewer.layers if POINT_MARKS_KEY in n.metadata]
    [log] = own_sessions.glob("*/voice/utterances.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines][-1] == "undo that"
    assert not list(log.parent.glob("**/*.wav"))  # nobody has consented


def test_a_side_that_the_zones_contradict_is_asked_about(panel: Any, bridge: Any, hear: Hear) -> None:
    _point_at(bridge, RIGHT_PZ)
    entry = hear("lesion PI-RADS four left peripheral zone mid")
    assert (entry.action, entry.result) == ("execute", "asked")
    assert _findings(bridge) == []
    assert panel.form.question.isVisible()
    assert "cursor lies on the right, you said left" in panel.form.asked.text()
    _key(panel, Qt.Key.Key_N)
    assert not panel.form.question.isVisible()
    assert _findings(bridge) == []
    assert panel.form.log.entry_at(0).told == "answered no"


def test_a_question_is_answered_by_word_and_the_log_tells_so(
    panel: Any, bridge: Any, hear: Hear
) -> None:
    _point_at(bridge, LEFT_PZ)
    hear("lesion pie rads four")
    asked = hear("delete lesion")
    assert asked.result == "asked"
    assert "Take it out of the table? Lesion 1" in panel.form.asked.text()
    assert hear("good morning everybody").result == "ignored"
    assert panel.form.question.isVisible()
    now = Utterance(np.zeros(16_000, np.float32), time.monotonic(), time.monotonic(), 0.0)
    unsure = Understood(now, Outcome(Action.ASK, "yes", 0.8), "", "pocketsphinx", 0.3)
    panel._on_understood(unsure, Moment())  # a yes that is not sure leaves the question as it is
    assert len(_findings(bridge)) == 1
    assert "Take it out of the table? Lesion 1" in panel.form.asked.text()
    assert hear("yes").result == "done"
    assert _findings(bridge) == []
    again = next(e for e in map(panel.form.log.entry_at, range(6)) if e.id == asked.id)
    assert again.result == "done"
    assert again.told.startswith("then said yes: Lesion 1 is out of the table")
    assert not panel.form.question.isVisible()


def test_what_was_said_of_a_case_is_not_done_to_the_next(panel: Any, bridge: Any) -> None:
    """Understanding takes half a second; a reader may be in the next case by then."""
    said = Utterance(np.zeros(16_000, np.float32), time.monotonic(), time.monotonic(), 0.0)
    late = Understood(
        said, Outcome(Action.EXECUTE, "lesion PI-RADS four", 0.97), "", "whisper-tiny-en", 0.5
    )
    bridge.close_case()
    bridge.add_layer_data(case_layers(oblique_case()))
    panel._on_understood(late, Moment(LEFT_PZ))
    assert _findings(bridge) == []
    assert panel.form.log.entry_at(0).result == "ignored"
    bridge.viewer.cursor.position = tuple(bridge.viewer.dims.point)
    now = replace(late, utterance=said.later_by(60))
    panel._on_understood(now, panel.desk.now())  # said of this case, it is done
    assert len(_findings(bridge)) == 1


def test_without_a_case_nothing_is_written_where_one_stands(
    panel: Any, bridge: Any, own_sessions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    bridge.close_case()
    said = Utterance(np.zeros(16_000, np.float32), time.monotonic() + 60, time.monotonic() + 61, 0.0)
    made = Outcome(Action.EXECUTE, "zoom in", 0.97)
    panel._on_understood(Understood(said, made, "", "whisper-tiny-en", 0.5), Moment())
    assert list((tmp_path / "here").iterdir()) == []
    assert (own_sessions / "voice" / "utterances.jsonl").is_file()


def test_talk_is_passed_over_and_its_words_are_not_kept(panel: Any, hear: Hear) -> None:
    entry = hear("could you close the door please")
    assert entry.result == "ignored"
    assert (entry.text, entry.written) == ("", "")
    assert panel.bubble is None or not panel.bubble.isVisible()


def test_what_is_dictated_after_note_stands_in_the_table(panel: Any, bridge: Any, hear: Hear) -> None:
    _point_at(bridge, LEFT_PZ)
    assert hear("lesion pie rads four").result == "done"
    assert hear("note").result == "done"
    entry = hear("broad contact with the capsule")
    assert entry.result == "noted"
    notes = _findings(bridge)[0]["notes"]
    assert notes.startswith("[dictated] ")
    assert "contact with the" in notes


def test_a_key_that_is_held_is_listened_to_and_nothing_else(
    panel: Any, said: Callable[[str], np.ndarray], qtbot: Any, tmp_path: Path
) -> None:
    from napari_medassist.voice.playback import FileSource
    from tests.unit.voice.sounds import write_sound

    panel.choose(replace(panel.choices, mode=Mode.PUSH))
    quiet = np.zeros(16_000, np.float32)
    sound = np.concatenate([quiet, said("undo that"), quiet, quiet])
    path = write_sound(tmp_path / "undo.wav", sound)
    panel.listen(on=True, source=FileSource(path))
    qtbot.waitUntil(lambda: not panel.listening.is_listening, timeout=20_000)
    assert panel.form.log.rowCount() == 0
    panel.listen(on=True, source=FileSource(path))
    _key(panel, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: panel.listening.is_speaking, timeout=5000)
    qtbot.wait(int((len(sound) / 16_000 - 1) * 1000))
    _key(panel, Qt.Key.Key_F9, press=False)
    qtbot.waitUntil(lambda: panel.form.log.rowCount() == 1, timeout=20_000)
    assert panel.form.log.entry_at(0).text == "undo that"


def test_a_correction_is_learned_for_the_next_time(
    panel: Any, hear: Hear, qtbot: Any, tmp_path: Path
) -> None:
    panel.choose(replace(panel.choices, mode=Mode.PUSH, vocabulary=str(tmp_path / "words.yaml")))
    panel.choose(replace(panel.choices, mode=Mode.OPEN, keeps_sound=True))
    entry = hear("let me have a look")
    assert entry.result == "ignored"
    assert entry.written
    panel.correct(entry, "reset view")
    assert panel.form.log.entry_at(0).corrected == "reset view"
    assert "counts for it from now on" in panel.form.reply.text()
    qtbot.waitUntil(lambda: not panel.listening.is_getting_ready, timeout=60_000)
    grammar = panel.conversation.grammar
    assert grammar.also_written["reset view"]
    again = hear("let me have a look")
    assert again.text == "reset view"
    assert again.action != "ignore"


def test_a_name_that_was_given_to_a_label_can_be_spoken(panel: Any, bridge: Any, qtbot: Any) -> None:
    assert panel.conversation.grammar.meaning_of("label nodule of interest") is None
    t2w = bridge.session.case.by_role("t2w")
    bridge.add_labels(LabelMap.on(t2w, name="mine"))
    panel.desk.choose_label("nodule of interest")
    panel.desk.choose_label("pancreas")
    [about] = [a for a in bridge.recorder.recording.document.about.values() if a["name"] == "mine"]
    codes = {label["name"]: label.get("code") for label in about["labels"]}
    assert codes["pancreas"] == ["SCT", "15776009", "Pancreas"]
    layer = bridge.label_layers()[0]
    layer.data_setitem((np.array([0, 0]), np.array([0, 0]), np.array([0, 1])), np.array([1, 2]))
    layer.name = "mine, renamed"  # napari's own widgets change what is known of a map, too
    saved = bridge.labels_of(layer).scheme
    assert {n.name: n.code and n.code.value for n in saved.labels} == {
        "nodule of interest": None,
        "pancreas": "15776009",
    }
    panel.desk.choose_label("nodule of interest")
    assert bridge.label_layers()[0].selected_label == 1
    panel._look()
    qtbot.waitUntil(
        lambda: panel.conversation.grammar.meaning_of("label nodule of interest") is not None,
        timeout=60_000,
    )


def test_each_edit_by_voice_can_be_undone(dock: Any, bridge: Any) -> None:
    """Whatever a phrase does to the annotations, one undo takes it back."""
    from napari_medassist.voice.command import COMMANDS
    from napari_medassist.voice.spoken_grammar import spoken_grammar
    from napari_medassist.voice.words import built_in_words

    desk, recording = dock.voice_panel.desk, bridge.recorder.recording
    dock.views.views.close()
    t2w = bridge.session.case.by_role("t2w")
    bridge.add_labels(LabelMap.on(t2w, name="mine"))
    desk.moment = Moment(LEFT_PZ, is_confirmed=True)
    grammar = spoken_grammar(COMMANDS, desk.context(built_in_words()))
    desk.lesion(_wish("lesion left peripheral zone", grammar))
    changing = refused = 0
    for spoken in grammar.meanings.values():
        if spoken.command.name in ("answer", "undo", "redo", "stop listening"):
            continue
        before, n_steps = _state(recording), recording.history.n_steps
        desk.moment = Moment(LEFT_PZ, is_confirmed=True)
        refused += not _ran(desk, spoken)
        n_made = recording.history.n_steps - n_steps
        assert n_made <= 1, spoken.text
        changing += n_made
        if n_made:
            desk.undo()
        assert _state(recording) == before, spoken.text
    assert changing > 300  # lesions and fields, labels
    # lesions; candidates; of the central zone sides, scores, words for levels, orders of words
    assert refused == 5 + 6 + 2 * 6 * 3 * 2


def _ran(desk: Any, spoken: Any) -> bool:
    """Do what a phrase says; False if there is no such lesion or sector, or no candidate."""
    try:
        return bool(spoken.command.run(desk, spoken.slots))
    except InvalidSetting as error:
        if error.message.startswith(
            ("There is no lesion", "There is no sector", "There is no candidate")
        ):
            return False
        raise


def _wish(phrase: str, grammar: Any) -> Any:
    from tests.unit.voice.desk import WrittenDesk

    written = WrittenDesk()
    spoken = grammar.meaning_of(phrase)
    spoken.command.run(written, spoken.slots)
    return written.calls[0][1]["wish"]


def _state(recording: Any) -> Any:
    document = recording.document
    findings = {
        key: {k: v for k, v in plain.items() if k != "changed"}
        for key, plain in document.findings.items()
    }
    about = {key: plain["labels"] for key, plain in document.about.items()}
    return deepcopy((findings, about, {k: v.tobytes() for k, v in document.maps.items()}))


def test_pictures_follow_the_word(dock: Any, bridge: Any) -> None:
    desk, dims = dock.voice_panel.desk, bridge.viewer.dims
    dock.views.views.close()
    here = dims.current_step[0]
    assert desk.step_slices(2) == f"Slice {here + 3} of {dims.nsteps[0]}"
    assert dims.current_step[0] == here + 2
    up = bridge.session.frame.world_to_lps(np.asarray(dims.point))[2]
    desk.step_slices(1)
    assert bridge.session.frame.world_to_lps(np.asarray(dims.point))[2] > up  # towards the head
    desk.go_to_slice("last")
    assert desk.step_slices(1) == "This is the last slice."
    desk.show_plane("coronal")
    assert tuple(dims.order) == (1, 0, 2)
    desk.show_series("adc")
    shown = [n.name for n in bridge.layers() if n.visible and type(n).__name__ == "Image"]
    assert shown == [bridge.layer_of(bridge.session.case.by_role("adc")).name]
    desk.show_labels(visible=False)
    assert not any(n.visible for n in bridge.label_layers())


def test_the_point_lies_in_the_slice_that_is_shown(dock: Any, bridge: Any) -> None:
    """Slices may go by while the mouse rests; what is said then is said of the new one."""
    dock.views.views.close()
    _point_at(bridge, LEFT_PZ)
    before = dock.voice_panel.desk.now().cursor_lps_mm
    dock.voice_panel.desk.step_slices(3)
    after = dock.voice_panel.desk.now().cursor_lps_mm
    step = bridge.session.case.by_role("t2w").geometry.spacing_zyx_mm[0]
    assert after - before == pytest.approx((0, 0, 3 * step), abs=1e-6)


def test_beside_the_image_there_is_no_lesion(dock: Any, bridge: Any) -> None:
    dock.views.views.close()
    _point_at(bridge, np.add(LEFT_PZ, (500, 0, 0)))
    desk = dock.voice_panel.desk
    desk.moment = desk.now()
    assert desk.moment.cursor_lps_mm is None
    with pytest.raises(InvalidSetting, match="on no image"):
        desk.lesion(LesionWish())
    assert _findings(bridge) == []


def test_without_the_packages_the_tab_says_how_to_get_them(
    dock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_medassist.voice import extra

    monkeypatch.setattr(extra, "find_spec", lambda _name: None)
    panel = dock.voice_panel
    dock.tabs.setCurrentWidget(panel)
    panel._look()
    assert 'pip install "napari-medassist[voice]"' in panel.form.state.text()
    assert not panel.form.listen.isEnabled()
    assert not panel.form.cure.isVisible()


def test_without_the_model_the_tab_offers_to_fetch_it(
    dock: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from napari_medassist.models import places

    monkeypatch.setattr(places, "user_models_folder", lambda: tmp_path)
    panel = dock.voice_panel
    dock.tabs.setCurrentWidget(panel)
    panel._look()
    assert panel.form.cure.isVisible()
    assert "napari-medassist models install whisper-tiny-en" in panel.form.state.text()
    assert not panel.form.listen.isEnabled()


def test_without_a_microphone_the_tab_says_so_and_the_rest_works(
    panel: Any, bridge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_medassist._qt import listening
    from napari_medassist.core.errors import FileProblem

    def no_microphone(*_given: object) -> None:
        raise FileProblem("No sound can be recorded: no device.", cure="Connect a microphone.")

    monkeypatch.setattr(listening.Microphone, "open", no_microphone)
    panel.listen(on=True)
    assert "No sound can be recorded" in panel.form.state.text()
    assert not panel.form.listen.isChecked()
    assert panel.conversation.take(Outcome(Action.EXECUTE, "zoom in", 0.9), Moment()).text == "Larger"


def test_a_device_that_vanishes_is_told_and_can_be_opened_again(panel: Any, qtbot: Any) -> None:
    from napari_medassist.core.errors import FileProblem
    from tests.unit.voice.test_hearing import Given

    gone = FileProblem("The microphone sends no sound any more.", cure="Plug it in and begin again.")
    panel.listen(on=True, source=Given([(0.0, np.zeros(512, np.float32))], gone))
    qtbot.waitUntil(lambda: not panel.listening.is_listening, timeout=5000)
    assert "sends no sound any more" in panel.form.state.text()
    panel.listen(on=True, source=Given([(0.0, np.zeros(512, np.float32))]))
    qtbot.waitUntil(lambda: not panel.listening.is_listening, timeout=5000)
    assert "sends no sound" not in panel.form.state.text()


def test_choices_are_remembered_and_shown(panel: Any, bridge: Any) -> None:
    from napari_medassist._qt.voice_panel.choices_dialog import ChoicesDialog

    panel.choose(Choices(mode=Mode.OPEN, key="F13", keeps_sound=True))
    assert Choices.of(panel._settings) == panel.choices
    dialog = ChoicesDialog(panel.choices, can_speak=False, parent=panel)
    assert dialog.chosen() == panel.choices
    dialog.key.setCurrentText("F10")
    dialog.vocabulary.setText(" words.yaml ")
    assert dialog.chosen() == replace(panel.choices, key="F10", vocabulary="words.yaml")
    assert not dialog.answers_aloud.isEnabled()


def test_each_recogniser_is_shown_with_what_was_measured_of_it(panel: Any) -> None:
    from napari_medassist._qt.voice_panel.choices_dialog import ChoicesDialog

    dialog = ChoicesDialog(panel.choices, can_speak=True, parent=panel)
    assert "95 %; 92 %; 68 %" in dialog.figures.text()
    assert not dialog.model.isEnabled()
    dialog.recogniser.setCurrentIndex(dialog.recogniser.findData(SPHINX))
    assert "asked" in dialog.figures.text()
    assert dialog.chosen().kind.name == SPHINX
    dialog.recogniser.setCurrentIndex(dialog.recogniser.findData(OWN))
    assert dialog.model.isEnabled()
    dialog.model.setText("/models/large")
    assert dialog.chosen() == replace(panel.choices, model="/models/large")
    again = ChoicesDialog(dialog.chosen(), can_speak=True, parent=panel)
    assert again.recogniser.currentData() == OWN


def test_words_that_a_recogniser_cannot_hear_are_named(qtbot: Any) -> None:
    from napari_medassist._qt.listening import Listening

    pytest.importorskip("pocketsphinx")
    listening, told = Listening(Moment), list[str]()
    listening.failed.connect(told.append)
    listening.get_ready(LabelVocabulary({"xyzzyq": (), "liver": ()}), Choices(recogniser=SPHINX))
    qtbot.waitUntil(lambda: listening.grammar is not None, timeout=20_000)
    listening.close()
    assert len(told) == 1
    assert "xyzzyq" in told[0]
    assert "liver" not in told[0]


class Endless:
    """A microphone that hears nothing until it is closed."""

    n_lost, level = 0, 0.0

    def __init__(self) -> None:
        self.closed = Event()

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed.set()

    def blocks(self) -> Iterator[Block]:
        while not self.closed.wait(0.02):
            yield Block(np.zeros(320, np.float32), time.monotonic())


def test_a_window_that_goes_closes_its_microphone(with_model: Path, dock: Any, qtbot: Any) -> None:
    """Nobody closes panels one by one: Qt deletes them with the window."""
    from qtpy.QtCore import QCoreApplication, QEvent

    from napari_medassist._qt.listening import Listening
    from napari_medassist.app.voicing.choices import Choices

    microphone, listening = Endless(), Listening(Moment)
    listening.start(Choices(), microphone)
    assert not microphone.closed.wait(0.1)
    listening.deleteLater()
    QCoreApplication.sendPostedEvents(listening, QEvent.Type.DeferredDelete)
    assert microphone.closed.wait(5)


def test_commands_stop_when_comments_on_a_clip_begin(panel: Any, bridge: Any) -> None:
    from napari_medassist.app.acts import Act

    microphone = Endless()
    panel.listen(on=True, source=microphone)
    assert panel.form.listen.isChecked()
    bridge.session.acts.ask(Act.STOP_LISTENING)
    assert microphone.closed.is_set()
    assert not panel.form.listen.isChecked()
