"""The ranges of other readers beside one's own: what they agree on, and where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_medassist.annotation.clips.agreement import Agreement, agreement
from napari_medassist.annotation.clips.files import read_ranges
from napari_medassist.annotation.clips.ranges import FrameRange
from napari_medassist.app.clips.agreement_table import write_agreement
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.core.errors import InvalidSetting

#: How one's own ranges are named in a table of readers.
OWN = "you"


class Readers:
    """Other readings of one clip; they are shown and compared, and never changed or exported.

    Parameters
    ----------
    work
        One's own ranges.
    """

    def __init__(self, work: ClipLabelling) -> None:
        self._work = work
        self._readings: dict[str, tuple[FrameRange, ...]] = {}

    @property
    def readings(self) -> Mapping[str, tuple[FrameRange, ...]]:
        """The ranges of each reader, by the name of the file."""
        return self._readings

    def read(self, path: Path) -> str:
        """Take the ranges of a file, and return the reader's name: that of the file.

        Raises
        ------
        FileProblem, CorruptFile, GeometryMismatch
            If it cannot be read, or belongs to another clip.
        InvalidSetting
            If there is a reader of that name.
        """
        name = path.stem
        if name == OWN or name in self._readings:
            raise InvalidSetting(f"There is a reader '{name}' already.", cure="Rename the file.")
        found = tuple(read_ranges(path, self._work.key))
        self._readings[name] = found
        self._work.know_labels(one.label for one in found)
        return name

    def forget(self) -> None:
        """Show no other reader any more."""
        self._readings.clear()

    def agreements(self) -> dict[str, Agreement]:
        """Return how far one's own ranges agree with those of each reader."""
        own = tuple(self._work.rows().values())
        return {name: agreement(own, of, self._work.key) for name, of in self._readings.items()}

    def write_agreement(self, path: Path) -> tuple[int, int]:
        """Write what each pair of readers agrees on, oneself among them; return pairs and lines.

        Raises
        ------
        InvalidSetting
            If there is no other reader.
        UnsupportedFormat, WriteFailed
            If the file is no ``.csv``, or cannot be written.
        """
        if not self._readings:
            raise InvalidSetting("There is no other reader.", cure="Open the ranges of one first.")
        own = tuple(self._work.rows().values())
        return write_agreement(path, {OWN: own, **self._readings}, self._work.key)

    def next_difference(self, frame: int) -> tuple[int, tuple[str, ...]] | None:
        """Return where the next difference begins after a frame, and with whom; the first after all.

        None if all readers agree with the own ranges.
        """
        found: dict[int, tuple[str, ...]] = {}
        for name, of in self.agreements().items():
            for first, _ in of.differences:
                found[first] = (*found.get(first, ()), name)
        after = [first for first in found if first > frame]
        return None if not found else (chosen := min(after or found), found[chosen])


def in_words(name: str, of: Agreement) -> str:
    """Return an agreement in a line."""
    if of.labelled_s == 0:
        return f"{name}: nothing is labelled"
    kappa = "undefined" if of.kappa is None else f"{of.kappa:.2f}"
    return (
        f"{name}: same labels in {of.same_s:.1f} of {of.labelled_s:.1f} s labelled, kappa {kappa}, "
        f"{len(of.differences)} difference{'' if len(of.differences) == 1 else 's'}"
    )


def table_of(of: Agreement) -> str:
    """Return the labels of an agreement, a line each."""
    return "\n".join(
        f"{label}: both {one.both_s:.1f} s, only you {one.first_only_s:.1f} s, only the other "
        f"{one.second_only_s:.1f} s, Dice {'undefined' if one.dice is None else f'{one.dice:.2f}'}"
        for label, one in of.by_label.items()
    )
