"""Where the session of a case lies: in the user's own folder, by the identity of its images."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_data_path

from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip

#: Where sessions lie, if not in the user's data folder.
FOLDER_VARIABLE = "NAPARI_MEDASSIST_SESSIONS"
#: What a user's settings call it.
FOLDER_SETTING = "sessions_folder"
_LOOKED_AT_BYTES = 65536


def sessions_folder() -> Path:
    """Return where sessions lie: as variable or settings say, else in the user's data folder."""
    stated = os.environ.get(FOLDER_VARIABLE) or Settings().ui(FOLDER_SETTING)
    return Path(str(stated)) if stated else user_data_path("napari-medassist") / "sessions"


def choose_sessions_folder(folder: Path | None, settings: Settings | None = None) -> Path:
    """Let sessions lie in a folder from the next case on; return it.

    Parameters
    ----------
    folder
        An existing folder; None stands for the one in the user's data folder.
    settings
        Where it is remembered; by default the user's settings.

    Raises
    ------
    InvalidSetting
        If the environment variable decides, or the choice cannot be remembered.
    WriteFailed
        If nothing can be written there.
    """
    if os.environ.get(FOLDER_VARIABLE):
        raise InvalidSetting(
            f"The variable {FOLDER_VARIABLE} decides where sessions lie.", cure="Unset it first."
        )
    if folder is not None:
        _require_writable(folder)
    kept = settings or Settings()
    kept.set_ui(FOLDER_SETTING, "" if folder is None else str(folder.absolute()))
    if kept.problem:
        raise InvalidSetting(kept.problem)
    return sessions_folder()


def _require_writable(folder: Path) -> None:
    """Try to write: permissions alone do not tell of read-only and network disks."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"MedAssist")
            file.flush()
    except OSError as error:
        raise WriteFailed(
            f"Nothing can be written into this folder ({error.strerror or error}).",
            path=folder,
            cure="Choose another one.",
        ) from error


def place_of(case: Case, home: Path | None = None, reader: str = "") -> Path:
    """Return the folder of a case's sessions; nothing is made.

    It is named by the image that leads the case (the T2w, else the first one), so that the same study
    is known again wherever its files lie, and whatever is opened beside. Readers of a worklist have
    sessions of their own: nobody is offered the work of another.
    """
    images = (case.reference_volume(), *case.series, *case.labels)
    leading = next((image for image in images if image is not None), None)
    identity = case.name if leading is None else identity_of(leading)
    if reader:
        identity = f"{identity} read by {reader}"
    name = hashlib.sha256(identity.encode()).hexdigest()[:24]
    return (home or sessions_folder()) / name


def identities(case: Case) -> tuple[str, ...]:
    """Return the identity of each image of a case."""
    return tuple(identity_of(image) for image in case.series)


def identity_of(image: Series | LabelMap) -> str:
    """Return what an image is known again by: the UID of its series, else the content of its files.

    Label maps are known by their path: their files change with what is drawn.
    """
    shape = "x".join(str(n) for n in _shape(image))
    if isinstance(image, LabelMap):
        return f"labels {image.provenance.sources} {image.name} {shape}"
    acquisition = image.acquisition
    if acquisition.series_uid:
        return f"series {acquisition.series_uid} b={acquisition.b_value_s_mm2} {shape}"
    content = hashlib.sha256()
    for part in _parts(image.provenance.sources):
        content.update(part)
    return f"files {content.hexdigest()} {image.role} {image.name} {shape}"


def _shape(image: Series | LabelMap) -> tuple[int, ...]:
    array = image.frames if isinstance(image, VideoClip) else image.array
    return tuple(int(n) for n in array.shape)


def _parts(sources: tuple[str, ...]) -> Iterator[bytes]:
    """Go through size, beginning and end of files; all of a large study would take too long."""
    for source in sources:
        path = Path(source)
        if not path.is_file():
            yield source.encode()
            continue
        size = path.stat().st_size
        yield str(size).encode()
        with path.open("rb") as file:
            yield file.read(_LOOKED_AT_BYTES)
            file.seek(max(0, size - _LOOKED_AT_BYTES))
            yield file.read(_LOOKED_AT_BYTES)
