"""Read and write files with SimpleITK: its errors become ours, its warnings do not get printed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK

from napari_medassist.core.errors import CorruptFile, WriteFailed
from napari_medassist.io.atomic import replacing
from napari_medassist.io.file_checks import FETCH_AGAIN

_CHECK_DISK = "Check the free space, or choose another folder."
_logger_in_use = threading.Lock()


class _Collector(SimpleITK.LoggerBase):  # type: ignore[misc]  # SimpleITK has no types
    """Takes what ITK would print; its method names are SimpleITK's."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def _add(self, text: str) -> None:
        self.texts.append(" ".join(text.split()))

    DisplayText = DisplayErrorText = DisplayWarningText = _add
    DisplayGenericOutputText = DisplayDebugText = _add


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect what ITK says meanwhile, in the whole process, instead of letting it print."""
    with _logger_in_use:
        collector = _Collector()
        previous = collector.SetAsGlobalITKLogger()
        try:
            yield collector.texts
        finally:
            previous.SetAsGlobalITKLogger()


def read_image(path: Path, image_io: str) -> tuple[SimpleITK.Image, tuple[str, ...]]:
    """Read a file with a named reader of ITK.

    Parameters
    ----------
    path
        The file, whatever its ending.
    image_io
        ITK's name of the format, e.g. ``"NrrdImageIO"``.

    Returns
    -------
    tuple
        The image with its metadata, and ITK's warnings.

    Raises
    ------
    CorruptFile
        If ITK refuses it; the message holds ITK's reason.
    """
    with collected_warnings() as texts:
        try:
            image = SimpleITK.ReadImage(str(path), imageIO=image_io)
        except RuntimeError as error:
            raise CorruptFile(
                f"The file cannot be read: {_reason(error)}", path=path, cure=FETCH_AGAIN
            ) from error
    return image, tuple(texts)


def write_image(image: SimpleITK.Image, path: Path, image_io: str) -> None:
    """Write a file, packed; read it back and compare before it takes its place.

    ITK does not notice every failed write (a full disk), hence the reading back.

    Raises
    ------
    WriteFailed
        If it cannot be written or comes back different; what stood there is unchanged.
    """
    with replacing(path) as temporary:
        try:
            with collected_warnings():
                SimpleITK.WriteImage(image, str(temporary), useCompression=True, imageIO=image_io)
            again, _ = read_image(temporary, image_io)
        except (RuntimeError, CorruptFile) as error:
            raise WriteFailed(
                "The file could not be written; what stood there before is unchanged.",
                path=path,
                cure=_CHECK_DISK,
            ) from error
        _require_same(image, again, path)


def metadata_of(image: SimpleITK.Image) -> dict[str, str]:
    """Return the key/value pairs that came with the file."""
    return {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}


def _require_same(image: SimpleITK.Image, again: SimpleITK.Image, path: Path) -> None:
    same_values = image.GetSize() == again.GetSize() and np.array_equal(
        SimpleITK.GetArrayViewFromImage(image), SimpleITK.GetArrayViewFromImage(again)
    )
    if not same_values:
        raise WriteFailed(
            "What was written did not read back the same; what stood there before is unchanged.",
            path=path,
            cure=_CHECK_DISK,
        )


def _reason(error: RuntimeError) -> str:
    """Return the part of ITK's message that a user can read, without source lines and addresses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception thrown", "[nrrd] nrrdRead:"))]
    text = " ".join(told) or "no reason given."
    return text.rsplit("ITK ERROR: ", 1)[-1].rsplit("sitk::ERROR: ", 1)[-1]
