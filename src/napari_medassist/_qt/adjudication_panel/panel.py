"""The tab "Adjudicate": where two readers differ, and whose outline stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QModelIndex, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLineEdit, QMessageBox, QShortcut, QWidget

from napari_medassist._qt.adjudication_panel.form import AdjudicationForm
from napari_medassist._qt.adjudication_panel.layers import AdjudicationLayers
from napari_medassist._qt.adjudication_panel.table import decision_in_words
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import Runner, run_with_dialog
from napari_medassist.annotation.adjudication import Choice
from napari_medassist.annotation.consensus import Method
from napari_medassist.annotation.operations.change import Change
from napari_medassist.app.reading.adjudicated_files import AdjudicationSaver, adjudicated_place
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.agreement import consensus_in_words, difference_map, readers_consensus
from napari_medassist.app.reading.beginning import Begun, begin, maps_of_all
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.core.errors import InvalidSetting, MedAssistError

#: Keys of the choices, while the panel has the focus or the map that is made is selected.
CHOICE_KEYS = {
    "1": Choice.FIRST,
    "2": Choice.SECOND,
    "3": Choice.UNION,
    "4": Choice.INTERSECTION,
    "5": Choice.REJECT,
    "6": Choice.BY_HAND,
}
NEXT_KEY, PREVIOUS_KEY = "N", "Shift-N"
#: After the last stroke it takes so long until the map is looked at and saved.
_SETTLE_MS = 400


class AdjudicationPanel(QWidget):
    """Two readings of the open case of the worklist, beside each other.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    room
        The worklist and its reader, who adjudicates.
    """

    def __init__(self, bridge: Bridge, room: ReadingRoom) -> None:
        super().__init__()
        self._bridge, self._room = bridge, room
        self._runner = Runner(self)
        self._layers = AdjudicationLayers(bridge)
        self._saver: AdjudicationSaver | None = None
        self._begun: Begun | None = None
        self._voxels = np.zeros((0, 0, 0), np.uint8)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self.form = AdjudicationForm(self)
        self._connect()
        self._show_readers()
        self._show_state()

    @property
    def adjudication(self) -> Adjudication | None:
        """What is being adjudicated."""
        return None if self._begun is None else self._begun.adjudication

    @property
    def required(self) -> Adjudication:
        """What is being adjudicated; raises ``InvalidSetting`` if nothing is."""
        if self._begun is None or not self._layers.is_there():
            raise InvalidSetting(
                "Nothing is adjudicated.", cure="Choose two readers and press Compare."
            )
        return self._begun.adjudication

    # ---------------------------------------------------------------- acts

    @shows_errors
    def compare(self) -> None:
        """Show two readings of the open case, and take up what was decided on them before."""
        case, room = self._bridge.session.case, self._room
        if case is None or room.current is None:
            raise InvalidSetting("No case of the worklist is open.", cure="Open one in its tab.")
        readers = self.form.chosen_readers()
        self.end()
        room.begin_seeing(room.current, *readers)
        name, readings, adjudicator = room.current, room.readings, room.reader
        place = adjudicated_place(room.required_worklist.folder, name, adjudicator)
        convention = self._bridge.session.convention
        begun = run_with_dialog(
            f"Comparing {readers[0]} and {readers[1]}",
            lambda _progress: begin(readings, place, name, readers, case, adjudicator, convention),
            self,
        )
        self._saver = AdjudicationSaver(place)
        self._show(begun)

    @shows_errors
    def give_up_blinding(self) -> None:
        """See others' readings of the open case without one's own, after a question."""
        case = self._room.current
        if case is None:
            return
        question = (
            "You have not finished your own reading of this case. If you look at the others' now, it "
            "is written down, and what you draw later is no blinded reading. Look?"
        )
        answer = QMessageBox.question(self, "Adjudicate", question)
        if answer == QMessageBox.StandardButton.Yes:
            self._room.unblind(case)
            self._show_readers()

    def decide(self, choice: Choice) -> None:
        """Decide on the selected lesion, and go on to the next one that is not decided."""
        self._act(lambda: self._decide(choice))

    def take_agreed(self) -> None:
        """Take the first reader's outline of all agreed lesions."""
        self._act(lambda: self._write(self.required.take_agreed(self._voxels)))

    def undo(self) -> None:
        """Take the last decision back."""
        self._act(lambda: self._write(self.required.undo(self._voxels)))

    def redo(self) -> None:
        """Decide again what was taken back."""
        self._act(lambda: self._write(self.required.redo(self._voxels)))

    def step(self, by: int) -> None:
        """Go to the next lesion (1) or the one before (-1), beginning anew at the end."""
        n_rows = self.form.table.rowCount()
        if n_rows:
            self._select((self._row() + by) % n_rows)

    def show_difference(self, shown: bool) -> None:  # noqa: FBT001 - a Qt slot
        """Show or hide where the two readers differ."""
        self._act(lambda: self._show_difference(shown=shown))

    @shows_errors
    def make_consensus(self) -> None:
        """Add the consensus of all who have done the case, and tell how far each is from it."""
        adjudication, images = self.required, self._bridge.session.case
        if images is None:
            return
        method: Method = self.form.chosen_method()
        convention, case = adjudication.convention, adjudication.case
        readings, everybody = self._room.readings, self._room.readers_of(case)

        def run(_progress: Any) -> tuple[Any, str]:
            maps, readers, left_out = maps_of_all(readings, case, everybody, images, adjudication.first)
            found = readers_consensus(maps, readers, method, case=case)
            words = consensus_in_words(found, maps, readers, convention)
            others = f"\nOn another grid: {', '.join(left_out)}" if left_out else ""
            return found, words + others

        found, words = run_with_dialog(f"Consensus ({method})", run, self)
        self._layers.show_extra("consensus", found.labels)
        self.form.tell(words)

    def end(self) -> None:
        """Save what is not saved yet, and take the layers away."""
        self._save_now()
        self._begun = self._saver = None
        self.form.table.show_pairs(None)
        self._layers.remove()
        self._show_state()

    # ---------------------------------------------------------------- decisions

    def _decide(self, choice: Choice) -> None:
        adjudication, number = self.required, self._row() + 1
        change = adjudication.decide(number, choice, self._voxels, self.form.note.text().strip())
        self.form.note.clear()
        self._write(change)
        if choice is Choice.BY_HAND:
            lesion = adjudication.pair(number).lesion
            self._layers.paint_by_hand(int(lesion.union[lesion.region][0]))
            self.form.tell(f"Lesion {number}: paint on '{adjudication.name}'.")
        elif self.form.goes_on.isChecked():
            following = adjudication.next_undecided(number)
            if following is not None:
                self._select(following - 1)

    def _write(self, change: Change) -> None:
        self._layers.write(change)
        self.form.tell("")
        self._after_change()

    def _act(self, act: Callable[[], None]) -> None:
        """Do something whose failure is told in the panel's own line."""
        try:
            act()
        except MedAssistError as error:
            self.form.tell(str(error))

    def _show_difference(self, *, shown: bool) -> None:
        if not shown:
            self._layers.show_extra("difference", None)
            return
        found = self.required
        self._layers.show_extra("difference", difference_map(found.first, found.second, found.readers))

    # ---------------------------------------------------------------- saving

    def _after_change(self, _event: Any = None) -> None:
        made = self._layers.made
        if made is not None and made.data is not self._voxels:  # somebody has replaced the array
            self._voxels = made.data
            self.form.table.show_voxels(self._voxels)
        self.form.table.show_decisions()
        self._show_state()
        self._settle.start()

    def _save_soon(self) -> None:
        """Save a copy of the map and its record in another thread."""
        if self._begun is None or self._saver is None or not self._layers.is_there():
            return
        voxels = self._voxels.copy()
        adjudication = self._begun.adjudication
        labels, record = adjudication.map_of(voxels), adjudication.record(voxels)
        self._runner.start(self._saver.save(labels, record, self._tell_saved, self._tell_unsaved))
        self._tell_touching(record["one_lesion_by_touching"])

    def _save_now(self) -> None:
        """Save what waits for being saved; a failure is told and stops nothing."""
        if not self._settle.isActive() or self._begun is None or self._saver is None:
            return
        self._settle.stop()
        adjudication, voxels = self._begun.adjudication, self._voxels.copy()
        try:
            self._saver.save_now(adjudication.map_of(voxels), adjudication.record(voxels))
        except MedAssistError as error:
            self._tell_unsaved(error)

    def _tell_saved(self, place: Any) -> None:
        self.form.saved.setText("saved")
        self.form.saved.setToolTip(str(place))

    def _tell_unsaved(self, error: BaseException) -> None:
        self.form.saved.setText("NOT SAVED")
        self.form.saved.setToolTip(str(error))
        self.form.tell(str(error))

    def _tell_touching(self, joined: list[list[int]]) -> None:
        if joined:
            told = "; ".join(" and ".join(map(str, numbers)) for numbers in joined)
            self.form.tell(f"Lesions {told} touch and have one label: in the map they are one lesion.")

    # ---------------------------------------------------------------- what is shown

    def _show(self, begun: Begun) -> None:
        adjudication = begun.adjudication
        layer = self._layers.show(
            adjudication.first, adjudication.second, adjudication.readers, begun.made
        )
        self._begun, self._voxels = begun, layer.data  # not before: adding layers is heard here too
        layer.events.paint.connect(self._after_change)
        layer.events.labels_update.connect(self._after_change)
        acts = {key: self._choice_act(choice) for key, choice in CHOICE_KEYS.items()}
        acts |= {NEXT_KEY: lambda: self.step(1), PREVIOUS_KEY: lambda: self.step(-1)}
        self._layers.bind_keys(acts)
        self.form.show_numbers(begun.numbers)
        self.form.show_reader_names(adjudication.readers)
        self.form.table.show_pairs(adjudication, self._voxels)
        self.form.fit_columns()
        self.form.saved.setText("")
        self.form.difference.setChecked(False)
        self._show_state()
        if adjudication.pairs:
            self._select((adjudication.next_undecided(0) or 1) - 1)
        self.form.tell(begun.told)

    def _show_readers(self, _case: object = None) -> None:
        case, room = self._room.current, self._room
        if case is None or room.worklist is None:
            self.form.show_readers((), is_blinded=False)
            return
        self.form.show_readers(
            room.readers_of(case), is_blinded=not room.worklist.may_see(case, room.reader)
        )

    def _show_state(self) -> None:
        adjudication = self.adjudication
        self.form.show_state(adjudication, self._row() + 1)

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        adjudication = self.adjudication
        if adjudication is None or not current.isValid():
            return
        number = current.row() + 1
        self._bridge.centre_on(adjudication.pair(number).centre_lps_mm)
        self.form.tell(f"Lesion {number}: {decision_in_words(adjudication, number)}")
        self._show_state()

    def _look_soon(self) -> None:
        self._look.start()

    def _end_if_gone(self) -> None:
        """End when the case or the map was closed elsewhere; what waits is saved."""
        if self._begun is not None and not self._layers.is_there():
            self.end()

    def _row(self) -> int:
        return self.form.view.currentIndex().row()

    def _select(self, row: int) -> None:
        self.form.view.setCurrentIndex(self.form.table.index(row, 0))

    # ---------------------------------------------------------------- making

    def _choice_act(self, choice: Choice) -> Callable[[], None]:
        return lambda: self.decide(choice)

    def _connect(self) -> None:
        form = self.form
        form.compare.clicked.connect(lambda: self.compare())
        form.look.clicked.connect(lambda: self.give_up_blinding())
        form.agreed.clicked.connect(lambda: self.take_agreed())
        form.undo.clicked.connect(lambda: self.undo())
        form.redo.clicked.connect(lambda: self.redo())
        form.following.clicked.connect(lambda: self.step(1))
        form.previous.clicked.connect(lambda: self.step(-1))
        form.difference.toggled.connect(self.show_difference)
        form.consensus.clicked.connect(lambda: self.make_consensus())
        form.view.selectionModel().currentRowChanged.connect(self._on_row)
        for choice, button in form.choices.items():
            button.clicked.connect(lambda _checked=False, choice=choice: self.decide(choice))
        self._settle.timeout.connect(self._save_soon)
        self._look.timeout.connect(self._end_if_gone)
        self._room.rows_changed.connect(self._show_readers)
        self._room.worklist_changed.connect(self._show_readers)
        self._room.leaving.connect(self.end)
        # Not at once: whoever removes layers goes through them, and must find the others there.
        self._bridge.layers_changed.connect(self._look_soon)
        acts = {key: self._choice_act(choice) for key, choice in CHOICE_KEYS.items()}
        acts |= {"N": lambda: self.step(1), "Shift+N": lambda: self.step(-1)}
        for key, act in acts.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._unless_typing(act))

    def _unless_typing(self, act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            if not isinstance(self.window().focusWidget(), QLineEdit):
                act()

        return run
