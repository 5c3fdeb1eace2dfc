"""The words of this user or project, beside those that come with MedAssist."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.io.atomic import replacing
from napari_medassist.voice.wording import contradicts, plain
from napari_medassist.voice.words import Words, read_words

FILE_NAME = "voice-vocabulary.yaml"


class UserVocabulary:
    """A file of words; it need not be there before something is added.

    Parameters
    ----------
    path
        The file; by default one in the user's configuration folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path("napari-medassist") / FILE_NAME

    def read(self) -> Words:
        """Return the words of the file; none if there is no file.

        Raises
        ------
        FileProblem, CorruptFile
            If it cannot be read.
        """
        return read_words(self.path) if self.path.exists() else Words({})

    def learn(self, phrase: str, written: str) -> bool:
        """Remember that a text was written for a phrase; tell whether that is new.

        Parameters
        ----------
        phrase
            What was meant.
        written
            What the recogniser wrote.

        Raises
        ------
        InvalidSetting
            If the text names another side, level or number: then it may not stand for the phrase.
        WriteFailed
            If the file cannot be written.
        """
        text = plain(written)
        if not text or text == plain(phrase):
            return False
        if contradicts(plain(phrase), text):
            raise InvalidSetting(
                f"'{written}' names another side, level or number than '{phrase}': it is not learned."
            )
        words = self.read()
        if text in words.heard_as.get(plain(phrase), ()):
            return False
        self.write(words.with_heard(phrase, text))
        return True

    def write(self, words: Words) -> None:
        """Write the file.

        Raises
        ------
        WriteFailed
            If that is not possible.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as temporary:
                temporary.write_text(words.to_yaml(), encoding="utf-8")
        except OSError as error:
            raise WriteFailed(f"The vocabulary cannot be written ({error}).", path=self.path) from error
