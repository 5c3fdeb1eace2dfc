"""Samples to learn from: a table of pictures with the sounds that belong to them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.voice.sound import read_sound
from napari_medassist.voice.two_branch.inputs import picture, spectrogram

COLUMNS = ("image", "sound", "label", "group")


@dataclass(frozen=True)
class Sample:
    """A frame, what was said of it, and what it shows.

    Attributes
    ----------
    image, sound
        Files; ``sound`` is None where nothing was said.
    label
        What the frame shows.
    group
        Who spoke, or which patient it is: what one is measured on, nothing of it may be learned from.
    """

    image: Path
    sound: Path | None
    label: str
    group: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """Samples as the network takes them.

    Attributes
    ----------
    pictures
        float32 (n, 128, 128).
    sounds
        float32 (n, 40, 148); zero where nothing was said.
    has_sound
        (n,) whether something was said.
    labels
        (n,) places in ``names``.
    names
        The labels.
    groups
        (n,) group of each.
    """

    pictures: NDArray[np.float32]
    sounds: NDArray[np.float32]
    has_sound: NDArray[np.bool_]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    groups: NDArray[np.str_]

    def of(self, which: NDArray[np.bool_]) -> Prepared:
        """Return some of them."""
        return Prepared(
            self.pictures[which],
            self.sounds[which],
            self.has_sound[which],
            self.labels[which],
            self.names,
            self.groups[which],
        )


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Read a table with the columns ``image, sound, label, group``; files are named from its folder.

    Raises
    ------
    FileProblem
        If it, or a file that it names, is not there.
    CorruptFile
        If it is no such table; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(f"The table cannot be read ({error}).", path=path) from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise CorruptFile(f"A table with the columns {', '.join(COLUMNS)} is expected.", path=path)
    found = []
    for line, row in enumerate(rows, start=2):
        values = {name: (row[name] or "").strip() for name in COLUMNS}
        if not (values["image"] and values["label"] and values["group"]):
            raise CorruptFile(f"Line {line}: image, label and group must not be empty.", path=path)
        sound = path.parent / values["sound"] if values["sound"] else None
        sample = Sample(path.parent / values["image"], sound, values["label"], values["group"])
        for named in filter(None, (sample.image, sample.sound)):
            if not named.is_file():
                raise FileProblem(f"Line {line} names a file that is not there.", path=named)
        found.append(sample)
    return tuple(found)


def prepared(
    samples: Sequence[Sample], names: Sequence[str] | None = None, progress: Progress = silent
) -> Prepared:
    """Read the files of samples.

    Parameters
    ----------
    samples
        The samples.
    names
        The labels that a network knows; by default those of the samples, sorted.
    progress
        Told of each sample; may raise ``Cancelled``.

    Raises
    ------
    CorruptFile
        If a picture or a sound cannot be read.
    InvalidSetting
        If a sample has another label.
    """
    known = tuple(sorted({one.label for one in samples}) if names is None else names)
    for one in samples:
        if one.label not in known:
            told = f"'{one.label}' is no label of the network: {', '.join(known)}."
            raise InvalidSetting(told, cure="Leave these samples out.")
    pictures, sounds = [], []
    for n, one in enumerate(samples):
        progress(n, len(samples), "Reading samples")
        pictures.append(_picture(one.image))
        sounds.append(
            np.zeros((40, 148), np.float32) if one.sound is None else spectrogram(read_sound(one.sound))
        )
    return Prepared(
        np.stack(pictures),
        np.stack(sounds),
        np.array([one.sound is not None for one in samples]),
        np.array([known.index(one.label) for one in samples], dtype=np.int64),
        known,
        np.array([one.group for one in samples]),
    )


def _picture(path: Path) -> NDArray[np.float32]:
    try:
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"))
    except (OSError, UnidentifiedImageError) as error:
        raise CorruptFile(f"The picture cannot be read ({error}).", path=path) from error
    return picture(grey)
