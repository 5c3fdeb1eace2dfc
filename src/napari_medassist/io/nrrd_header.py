"""The text header of an NRRD file, read before SimpleITK reads the file: to refuse nonsense early."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, InvalidGeometry, UnsupportedFormat
from napari_medassist.io.file_checks import FETCH_AGAIN, first_bytes, require_bytes

_MAGIC = b"NRRD000"
_MAX_HEADER_BYTES = 16 * 1024**2
_PACKED = ("gzip", "gz")
_SECONDS_PER_UNIT = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3}
_NO_PLACE = (
    "The file does not say where in the patient it lies: read along the LPS axes, "
    "with its spacing only. Left and right are a guess."
)
#: Kinds of an axis along which whole images follow each other.
_SERIES_KINDS = ("list", "time", "none", "???", "")
_BYTES = {
    **dict.fromkeys(("char", "int8"), 1),
    **dict.fromkeys(("short", "int16"), 2),
    **dict.fromkeys(("int", "int32", "float"), 4),
    **dict.fromkeys(("longlong", "int64", "double"), 8),
}
#: What may stand around those words without changing the size: "unsigned short int", "uint16_t".
_TYPE_TRIMMINGS = re.compile(r"^(signed|unsigned|u)(?=[a-z])|(?<=short|.long)int$|_t$")


@dataclass(frozen=True)
class NrrdHeader:
    """The fields of a header and what follows from them.

    Parameters
    ----------
    path
        The file that holds the header.
    fields
        Lower-case field name without blanks -> text.
    keys
        The key/value pairs (``key:=value``).
    lines
        Every line as it stands, without the empty one at the end.
    n_bytes
        Length of the header, with the empty line.
    """

    path: Path
    fields: dict[str, str]
    keys: dict[str, str]
    lines: tuple[str, ...]
    n_bytes: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of samples along each axis, the fastest first."""
        try:
            sizes = tuple(int(part) for part in self.fields["sizes"].split())
        except (KeyError, ValueError) as error:
            raise self._corrupt("its sizes are missing or no numbers") from error
        if not sizes or min(sizes) < 1:
            raise self._corrupt(f"its sizes are {sizes}")
        return sizes

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each axis in lower case; empty texts if the header states none."""
        stated = self.fields.get("kinds", "").lower().split()
        return tuple(stated) if len(stated) == len(self.sizes) else ("",) * len(self.sizes)

    @property
    def directions(self) -> tuple[str, ...]:
        """Direction of each axis as text, ``none`` where it has none; empty if none is stated."""
        text = self.fields.get("spacedirections", "")
        return tuple(part.replace(" ", "") for part in re.findall(r"\([^)]*\)|none|nan", text))

    @property
    def series_axis(self) -> int | None:
        """The axis along which whole images follow each other (time, layers), if there is one.

        Raises
        ------
        UnsupportedFormat
            If the extra axis holds colours or vectors, or there are several.
        """
        directions = self.directions
        extra = [i for i, direction in enumerate(directions) if not direction.startswith("(")]
        if not directions:
            spatial = ("domain", "space", "???", "")
            extra = [i for i, kind in enumerate(self.kinds) if kind not in spatial]
        if not extra:
            return None
        if len(extra) > 1 or self.kinds[extra[0]] not in _SERIES_KINDS:
            raise UnsupportedFormat(
                f"Its axes are of the kinds {', '.join(self.kinds)}; images of single values are read, "
                "with at most one axis of time or of layers.",
                path=self.path,
                cure="Export it in grey values, or one component a file.",
            )
        return extra[0]

    def series_times_s(self, axis: int) -> tuple[float, ...]:
        """Return the seconds from the first image along an axis; empty if the header does not tell."""
        count = self.sizes[axis]
        return self._frame_label_times_s(count) or self._even_times_s(axis, count)

    def _frame_label_times_s(self, count: int) -> tuple[float, ...]:
        """Return the times that 3D Slicer's multi-volume files state."""
        unit = _SECONDS_PER_UNIT.get(self.keys.get("MultiVolume.FrameIdentifyingDICOMTagUnits", ""))
        labels = self.keys.get("MultiVolume.FrameLabels", "").split(",")
        try:
            times = [float(label) for label in labels]
        except ValueError:
            return ()
        if unit is None or len(times) != count or sorted(times) != times:
            return ()
        return tuple((time - times[0]) * unit for time in times)

    def _even_times_s(self, axis: int, count: int) -> tuple[float, ...]:
        spacings = self.fields.get("spacings", "").split()
        units = re.findall(r'"([^"]*)"', self.fields.get("units", ""))
        if len(spacings) <= axis or len(units) <= axis or units[axis] not in _SECONDS_PER_UNIT:
            return ()
        step = float(spacings[axis]) * _SECONDS_PER_UNIT[units[axis]]
        return tuple(i * step for i in range(count)) if math.isfinite(step) and step > 0 else ()

    def require_whole(self) -> None:
        """Raise unless the voxels can all be there and the grid has numbers.

        Raises
        ------
        CorruptFile
            If the file with the voxels is missing or too short.
        InvalidGeometry
            If a spacing or direction is zero or not finite, or not in mm.
        """
        self._require_place()
        self._require_voxels()

    def doubts(self) -> tuple[str, ...]:
        """Return what a reader should know about the place that the header states."""
        space = self.fields.get("space", "").lower()
        words = ("left", "right", "lps", "las", "ras", "rps", "lai", "rai")
        if not self.directions:
            return (_NO_PLACE,)
        if not space.startswith(words):
            return (f"The space of the file ('{space or 'not named'}') was taken to be LPS.",)
        return ()

    def _require_place(self) -> None:
        steps = [part.strip("()").split(",") for part in self.directions if part.startswith("(")]
        steps += [[s] for s in self.fields.get("spacings", "").split() if not self.directions]
        steps_are_good = all(any(_number(v) for v in step) for step in steps)
        places = [v for step in steps for v in step] + self.fields.get("spaceorigin", "").strip(
            "()"
        ).split(",")
        if not steps_are_good or not all(math.isfinite(_number(v)) for v in places if v.strip()):
            raise InvalidGeometry(
                "The header's spacing, directions or origin are zero or no numbers.",
                path=self.path,
                cure="Export the image again from its source.",
            )
        units = set(re.findall(r'"([^"]*)"', self.fields.get("spaceunits", "")))
        if units - {"mm", "millimeter", "millimeters", "s", "ms", "", "???"}:
            raise InvalidGeometry(
                f"The header's unit of length is {', '.join(sorted(units))}, not mm.",
                path=self.path,
                cure="Export the image in mm.",
            )

    def _require_voxels(self) -> None:
        encoding = self.fields.get("encoding", "raw").lower()
        size_of_type = _size_of_type(self.fields.get("type", "?"))
        if size_of_type is None or encoding not in (*_PACKED, "raw"):
            return  # SimpleITK judges the rare ones
        promised = math.prod(self.sizes) * size_of_type
        voxel_file = self._voxel_file()
        if voxel_file is None:
            return
        found = voxel_file.stat().st_size - (self.n_bytes if voxel_file == self.path else 0)
        require_bytes(voxel_file, found=found, promised=promised, packed=encoding in _PACKED)

    def _voxel_file(self) -> Path | None:
        """Return the one file with the voxels; None if they are spread over several."""
        stated = self.fields.get("datafile", "")
        if not stated:
            return self.path
        if stated.startswith("LIST") or "%" in stated:
            return None
        voxel_file = self.path.parent / stated
        if not voxel_file.is_file():
            raise self._corrupt(f"the file '{stated}' with its voxels is missing")
        return voxel_file

    def _corrupt(self, what: str) -> CorruptFile:
        return CorruptFile(f"The NRRD header is of no use: {what}.", path=self.path, cure=FETCH_AGAIN)


def is_nrrd(path: Path) -> bool:
    """Tell from the first bytes whether a file is NRRD."""
    return first_bytes(path, 7) == _MAGIC


def parse_header(path: Path) -> NrrdHeader:
    """Read the header.

    Raises
    ------
    CorruptFile
        If the file is no NRRD file, or has no readable header.
    """
    if not is_nrrd(path):
        raise CorruptFile("This is no NRRD file.", path=path, cure=FETCH_AGAIN)
    lines: list[str] = []
    length = 0
    with path.open("rb") as file:
        while length < _MAX_HEADER_BYTES:
            raw = file.readline(_MAX_HEADER_BYTES)
            length += len(raw)
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            if not text:
                break
            lines.append(text)
    fields, keys = {}, {}
    for line in lines[1:]:
        if ":=" in line:
            key, _, value = line.partition(":=")
            keys[key] = value
        elif ":" in line and not line.startswith("#"):
            name, _, value = line.partition(":")
            fields[name.lower().replace(" ", "")] = value.strip()
    return NrrdHeader(path, fields, keys, tuple(lines), length)


def _size_of_type(name: str) -> int | None:
    """Return the bytes a sample of a NRRD type takes; None for a type without a fixed size."""
    word, trimmed = "", "".join(name.lower().split())
    while word != trimmed:
        word, trimmed = trimmed, _TYPE_TRIMMINGS.sub("", trimmed)
    return _BYTES.get(word)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
