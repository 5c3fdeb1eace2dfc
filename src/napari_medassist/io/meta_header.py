"""The text header of a MetaImage file: read before SimpleITK, which prints and guesses on bad ones."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, InvalidGeometry, UnsupportedFormat
from napari_medassist.io.file_checks import FETCH_AGAIN, first_bytes, require_bytes

_MAX_HEADER_BYTES = 4 * 1024**2
_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG": 4,
    "MET_ULONG": 4,
    "MET_FLOAT": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_DOUBLE": 8,
}
_BEGIN = re.compile(rb"\s*(ObjectType|NDims|Comment)\s*=")
_PLACE = ("TransformMatrix", "Rotation", "Orientation", "Offset", "Position", "Origin")
_SPACING = ("ElementSpacing", "ElementSize")


@dataclass(frozen=True)
class MetaHeader:
    """The fields of a header.

    Parameters
    ----------
    path
        The file that holds the header.
    fields
        Field name -> text, in the file's spelling.
    n_bytes
        Length of the header.
    """

    path: Path
    fields: dict[str, str]
    n_bytes: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of voxels along each axis, the fastest first."""
        try:
            sizes = tuple(int(part) for part in self.fields["DimSize"].split())
        except (KeyError, ValueError) as error:
            raise self._corrupt("its DimSize is missing or no numbers") from error
        if not 2 <= len(sizes) <= 4 or min(sizes) < 1 or self.fields.get("NDims") != str(len(sizes)):
            raise self._corrupt(f"its DimSize is {sizes}, NDims {self.fields.get('NDims')}")
        return sizes

    def require_whole(self) -> None:
        """Raise unless the voxels can all be there and the grid has numbers.

        Raises
        ------
        CorruptFile
            If the file with the voxels is missing or too short.
        UnsupportedFormat
            If a voxel holds several values.
        InvalidGeometry
            If a spacing is zero, or a number of the grid not finite.
        """
        channels = self.fields.get("ElementNumberOfChannels", "1")
        if channels != "1":
            raise UnsupportedFormat(
                f"Each voxel holds {channels} values (colour or vectors); single values are read.",
                path=self.path,
                cure="Export it in grey values, or one component a file.",
            )
        self._require_place()
        self._require_voxels()

    def doubts(self) -> tuple[str, ...]:
        """Return what a reader should know about the place that the header states."""
        doubts = []
        if not any(name in self.fields for name in _PLACE[:3]):
            doubts.append("The file states no directions: read along the LPS axes. Sides are a guess.")
        if not any(name in self.fields for name in _SPACING):
            doubts.append("The file states no spacing: 1 mm was taken.")
        return tuple(doubts)

    def _require_place(self) -> None:
        place = [_number(v) for name in _PLACE for v in self.fields.get(name, "").split()]
        spacing = [_number(v) for name in _SPACING for v in self.fields.get(name, "").split()]
        if not all(map(math.isfinite, [*place, *spacing])) or not all(spacing):
            raise InvalidGeometry(
                "The header's spacing, directions or origin are zero or no numbers.",
                path=self.path,
                cure="Export the image again from its source.",
            )

    def _require_voxels(self) -> None:
        stated = self.fields["ElementDataFile"]
        size_of_type = _BYTES.get(self.fields.get("ElementType", ""))
        if size_of_type is None:
            raise self._corrupt(f"its ElementType is '{self.fields.get('ElementType', '')}'")
        promised = math.prod(self.sizes) * size_of_type
        if stated.upper().startswith("LIST") or "%" in stated:
            return  # many files, which SimpleITK checks
        voxel_file = self.path if stated.upper() == "LOCAL" else self.path.parent / stated
        if not voxel_file.is_file():
            raise self._corrupt(f"the file '{stated}' with its voxels is missing")
        found = voxel_file.stat().st_size - (self.n_bytes if voxel_file == self.path else 0)
        packed = self.fields.get("CompressedData", "").lower() in ("true", "1")
        require_bytes(voxel_file, found=found, promised=promised, packed=packed)
        if packed and self.fields.get("CompressedDataSize", "").isdigit():
            require_bytes(voxel_file, found=found, promised=int(self.fields["CompressedDataSize"]))

    def _corrupt(self, what: str) -> CorruptFile:
        return CorruptFile(
            f"The MetaImage header is of no use: {what}.", path=self.path, cure=FETCH_AGAIN
        )


def is_meta_image(path: Path) -> bool:
    """Tell from the first bytes whether a file has a MetaImage header."""
    begin = first_bytes(path, 4096)
    return b"NDims" in begin and _BEGIN.match(begin) is not None


def parse_header(path: Path) -> MetaHeader:
    """Read the header.

    Raises
    ------
    CorruptFile
        If the file is no MetaImage, or its header does not end.
    """
    if not is_meta_image(path):
        raise CorruptFile("This is no MetaImage file.", path=path, cure=FETCH_AGAIN)
    fields: dict[str, str] = {}
    length = 0
    with path.open("rb") as file:
        while length < _MAX_HEADER_BYTES and "ElementDataFile" not in fields:
            raw = file.readline(_MAX_HEADER_BYTES)
            if not raw:
                raise CorruptFile("The MetaImage header is cut short.", path=path, cure=FETCH_AGAIN)
            length += len(raw)
            name, _, value = raw.decode("utf-8", "replace").partition("=")
            fields[name.strip()] = value.strip()
    return MetaHeader(path, fields, length)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
