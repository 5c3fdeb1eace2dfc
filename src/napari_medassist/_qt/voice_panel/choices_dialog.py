"""What is chosen of listening, in a dialog."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from napari_medassist._qt.voice_panel.keys import PUSH_KEYS
from napari_medassist.app.voicing.choices import Choices
from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.capture import devices
from napari_medassist.voice.recognisers.kinds import KINDS, OWN, SPHINX, WHISPER

_SYSTEM = "The system's"
_FIGURES_PX = 460


class ChoicesDialog(QDialog):
    """Asks for microphone, key, model, vocabulary, and what is kept.

    Parameters
    ----------
    choices
        What is chosen now.
    can_speak
        Whether this computer can say something.
    parent
        The window.
    """

    def __init__(self, choices: Choices, *, can_speak: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Voice")
        self._before = choices
        self.device, self.key = QComboBox(), QComboBox()
        self.recogniser, self.figures = QComboBox(), QLabel()
        self.figures.setWordWrap(True)
        self.figures.setMinimumWidth(_FIGURES_PX)
        self.model, self.language = QLineEdit(choices.model), QLineEdit(choices.language)
        self.vocabulary = QLineEdit(choices.vocabulary)
        self.keeps_sound = QCheckBox("Keep the sound of what is said, beside the voice log")
        self.answers_aloud = QCheckBox("Say aloud what was done")
        self._fill(choices, can_speak=can_speak)
        form = QFormLayout(self)
        form.addRow("Microphone", self.device)
        form.addRow("Key to hold", self.key)
        form.addRow("Vocabulary", self._with_button(self.vocabulary, self._ask_vocabulary))
        form.addRow("Recogniser", self.recogniser)
        form.addRow("", self.figures)
        form.addRow("Speech model", self._with_button(self.model, self._ask_model))
        form.addRow("Language", self.language)
        form.addRow(self.keeps_sound)
        form.addRow(self.answers_aloud)
        told = QLabel(
            "No sound leaves this computer. Without consent no sound is kept, and while listening all "
            "the time no words either of what was no command."
        )
        told.setWordWrap(True)
        form.addRow(told)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def chosen(self) -> Choices:
        """Return what is chosen."""
        device, kind = self.device.currentData(), self.recogniser.currentData()
        return replace(
            self._before,
            device=str(device or ""),
            key=self.key.currentText(),
            recogniser=SPHINX if kind == SPHINX else WHISPER,
            model=self.model.text().strip() if kind == OWN else "",
            language=self.language.text().strip() or "en",
            vocabulary=self.vocabulary.text().strip(),
            keeps_sound=self.keeps_sound.isChecked(),
            answers_aloud=self.answers_aloud.isChecked(),
        )

    def _fill(self, choices: Choices, *, can_speak: bool) -> None:
        self.device.addItem(_SYSTEM, "")
        try:
            for device in devices():
                self.device.addItem(device.name, device.name)
        except MedAssistError as error:
            self.device.setToolTip(str(error))
        if choices.device and self.device.findData(choices.device) < 0:
            self.device.addItem(f"{choices.device} (not connected)", choices.device)
        self.device.setCurrentIndex(max(0, self.device.findData(choices.device)))
        self.key.addItems(list(PUSH_KEYS))
        self.key.setCurrentText(choices.key)
        self.key.setToolTip("Held while you speak; foot pedals send F13 and higher")
        for kind in KINDS.values():
            self.recogniser.addItem(kind.title, kind.name)
        self.recogniser.currentIndexChanged.connect(self._show_kind)
        self.recogniser.setCurrentIndex(self.recogniser.findData(choices.kind.name))
        self._show_kind()
        self.model.setPlaceholderText("Choose a folder")
        self.model.setToolTip("A folder in the format of faster-whisper, e.g. of another language")
        self.language.setToolTip("Code of the language that is spoken, for a model of several: de, fr")
        self.vocabulary.setPlaceholderText("Your own")
        self.vocabulary.setToolTip("A YAML file of a project, with words beside those of MedAssist")
        self.keeps_sound.setChecked(choices.keeps_sound)
        self.answers_aloud.setChecked(choices.answers_aloud and can_speak)
        self.answers_aloud.setEnabled(can_speak)
        if not can_speak:
            self.answers_aloud.setToolTip("No voice is installed on this computer")

    def _show_kind(self) -> None:
        """Show what was measured of the recogniser; only a model of one's own has a folder."""
        kind = KINDS[self.recogniser.currentData()]
        self.figures.setText(kind.told)
        for line in (self.model, self.language):
            line.setEnabled(kind.name == OWN)

    def _with_button(self, line: QLineEdit, asks: object) -> QWidget:
        holder, button = QWidget(), QPushButton("...")
        button.setFixedWidth(30)
        button.clicked.connect(asks)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(button)
        return holder

    def _ask_vocabulary(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Vocabulary", self.vocabulary.text(), "YAML (*.yaml)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.vocabulary.setText(path)

    def _ask_model(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Speech model", self.model.text())
        if path:
            self.recogniser.setCurrentIndex(self.recogniser.findData(OWN))
            self.model.setText(path)
