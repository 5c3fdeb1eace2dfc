"""What spoken commands do in the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.voice_panel.pictures import Pictures
from napari_medassist._qt.voice_panel.place import hits, moment_now, placed_at
from napari_medassist.annotation.actions import Action
from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.acts import Act
from napari_medassist.app.annotating.tools import Tool
from napari_medassist.app.findings.spoken import contradiction, describe, fill, finding_at, told
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.voicing.context import on_the_desk
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.voice.desk import AskFirst, Context, LesionWish, Moment
from napari_medassist.voice.words import Words

_DICTATED = "[dictated]"
_TOOLS = {"brush": Tool.BRUSH, "eraser": Tool.ERASER}
_FACTORS = {"larger brush": 1.5, "smaller brush": 1 / 1.5}


class WindowDesk:
    """The desk of a window; see :class:`~napari_medassist.voice.desk.Desk`.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    store
        The lesions of the case.

    Attributes
    ----------
    moment
        Where the reader was when speech began.
    on_list, on_dictate, on_stop
        Called to show what may be said, to take the next utterance as a note, to close the microphone.
    """

    def __init__(self, bridge: Bridge, store: FindingStore) -> None:
        self._bridge, self._store = bridge, store
        self._pictures = Pictures(bridge)
        self.moment = Moment()
        self._last, self._words = "", Words({})
        self.on_list = self.on_dictate = self.on_stop = _nothing

    def now(self) -> Moment:
        """Return where the reader is now; nowhere in a viewer that was closed."""
        if self._bridge.viewer is None:
            return Moment()
        frame = None
        if self._bridge.selected_clip() is not None:
            frame = self._bridge.session.acts.ask(Act.CLIP_FRAME)
        return moment_now(self._bridge, frame)

    def context(self, words: Words) -> Context:
        """Return what is there to be spoken of.

        Parameters
        ----------
        words
            All words that are known.
        """
        case, reading = self._bridge.session.case, self._bridge.session.reading
        self._words = words
        return on_the_desk(
            words,
            case,
            self._template() if case is not None else None,
            self._pictures.label_names(),
            has_clip=self._bridge.selected_clip() is not None,
            has_worklist=reading.worklist is not None,
        )

    # ---------------------------------------------------------------- what is annotated

    def perform(self, action: Action) -> None:
        """Do an edit of what is annotated, as a step that can be undone."""
        self._bridge.recorder.recording.do(action)

    def undo(self) -> str:
        """Take the last step back."""
        history = self._bridge.recorder.recording.history
        title = history.undo_title
        self._bridge.recorder.undo()
        return f"Undone: {title}" if title else "There is nothing to undo."

    def redo(self) -> str:
        """Do the step again that was taken back last."""
        title = self._bridge.recorder.recording.history.redo_title
        self._bridge.recorder.redo()
        return f"Done again: {title}" if title else "There is nothing to do again."

    def lesion(self, wish: LesionWish) -> str:
        """Edit the lesion at the cursor, or make one there."""
        point = self.moment.cursor_lps_mm
        if point is None:
            raise InvalidSetting("The cursor is on no image.", cure="Point at the lesion and say it.")
        placed, template = placed_at(self._bridge, point), self._template()
        doubt = contradiction(wish, placed)
        if doubt and not self.moment.is_confirmed:
            raise AskFirst(doubt)
        found = describe(self._store, template, wish, point, hits(self._bridge, point), placed)
        return self._told(found, template)

    def set_fields(self, fields: Mapping[str, str]) -> str:
        """Fill fields of the lesion at the cursor, else of the one that was spoken of last."""
        template = self._template()
        return self._told(fill(self._store, template, self._meant().id, fields), template)

    def remove_lesion(self) -> str:
        """Take the lesion at the cursor out of the table."""
        found = self._meant()
        if not self.moment.is_confirmed:
            raise AskFirst(f"Take it out of the table? {told(found, self._template())}")
        self._store.remove([found.id])
        return f"Lesion {found.number} is out of the table; its mask stays."

    def take_note(self, text: str) -> str:
        """Write a dictated note to the lesion at the cursor, else to the one spoken of last."""
        found = self._meant()
        notes = " ".join(part for part in (found.notes, f"{_DICTATED} {text}") if part)
        self._store.set_text(found.id, "notes", notes)
        return f"Note on lesion {found.number}: {text}"

    def dictate(self) -> str:
        """Take what is said next as a note."""
        found = self._meant()
        self.on_dictate()
        return f"Dictate the note on lesion {found.number} now."

    def go_to_lesion(self, number: int) -> str:
        """Go to a lesion of the table."""
        found = next((f for f in self._store.findings() if f.number == number), None)
        if found is None:
            raise InvalidSetting(f"There is no lesion {number}.")
        self._last = found.id
        self._bridge.session.acts.ask(Act.GO_TO_LESION, found.id)
        return told(found, self._template())

    def decide(self, *, accept: bool) -> str:
        """Accept or reject the candidate that is looked at, and go to the next."""
        return str(self._bridge.session.acts.ask(Act.DECIDE, accept))

    def step_candidates(self, n: int) -> str:
        """Go to another candidate that is not decided."""
        return str(self._bridge.session.acts.ask(Act.STEP_CANDIDATES, n))

    def step_cases(self, n: int) -> str:
        """Open another case of the worklist."""
        return str(self._bridge.session.acts.ask(Act.STEP_CASES, n))

    def choose_label(self, name: str) -> str:
        """Draw with a label of this name from now on; a new one is made with the vocabulary's code."""
        structures = self._words.slots.get("structure", ())
        code = next((word.code for word in structures if word.value == name), None)
        return self._pictures.choose_label(name, code)

    # ---------------------------------------------------------------- what is shown and held

    def step_slices(self, n: int) -> str:
        """Go up so many slices; down if negative."""
        return self._pictures.step_slices(n)

    def go_to_slice(self, which: Literal["first", "middle", "last"]) -> str:
        """Go to a slice."""
        return self._pictures.go_to_slice(which)

    def show_plane(self, plane: Literal["axial", "coronal", "sagittal"]) -> str:
        """Look along another axis."""
        return self._pictures.show_plane(plane)

    def show_series(self, role: str) -> str:
        """Show one image of the case in place of the others."""
        return self._pictures.show_series(role)

    def show_window(self, name: str) -> str:
        """Show the image between the values of a window; the next one if the name is empty."""
        return self._pictures.show_window(name)

    def show_labels(self, *, visible: bool) -> str:
        """Show or hide all label maps."""
        return self._pictures.show_labels(visible=visible)

    def zoom(self, factor: float) -> str:
        """Show the image larger or smaller; the whole of it for 0."""
        return self._pictures.zoom(factor)

    def hold_tool(self, name: str) -> str:
        """Take a tool."""
        if name in _TOOLS:
            self._bridge.session.acts.ask(Act.TOOL, _TOOLS[name])
        else:
            self._bridge.session.acts.ask(Act.BRUSH, _FACTORS[name])
        return name.capitalize()

    def measure(self, what: str) -> str:
        """Let the mouse draw a measurement."""
        self._bridge.session.acts.ask(Act.MEASURE, what)
        return f"{what}: draw it with the mouse."

    def clip(self, act: str) -> str:
        """Play or mark the clip."""
        return str(self._bridge.session.acts.ask(Act.CLIP, act))

    def list_phrases(self) -> str:
        """Show what may be said."""
        self.on_list()
        return "What may be said is listed in the tab Voice."

    def stop_listening(self) -> str:
        """Close the microphone."""
        self.on_stop()
        return "The microphone is closed."

    # ---------------------------------------------------------------- small ones

    def _template(self) -> Template:
        template = self._bridge.session.acts.ask(Act.TEMPLATE)
        if not isinstance(template, Template):
            raise TypeError("This is no template.")
        return template

    def _meant(self) -> Finding:
        """Return the lesion at the cursor, else the one that was spoken of last."""
        point = self.moment.cursor_lps_mm
        if point is not None:
            found = finding_at(self._store, point, hits(self._bridge, point))
            if found is not None:
                return found
        try:
            return self._store.get(self._last)
        except MedAssistError:
            raise InvalidSetting(
                "There is no lesion at the cursor.", cure="Point at one, or say 'lesion' first."
            ) from None

    def _told(self, finding: Finding, template: Template) -> str:
        self._last = finding.id
        self._bridge.session.acts.ask(Act.SELECT_LESION, finding.id)
        return told(finding, template)


def _nothing() -> Any:
    """Do nothing; in place of what the panel sets."""
