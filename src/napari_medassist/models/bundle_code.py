"""Code of a MONAI bundle: run once, while it is added, and only if its files are trusted by hash.

A bundle's expressions (``$...``), references (``@...``) and objects (``_target_``) are somebody else's
Python. They are evaluated by MONAI's own parser; what comes out is plain values and a network, which is
written as ONNX, so that the code is not needed any more when the model is used.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_medassist.core.errors import CorruptFile, InvalidSetting, UnsupportedFormat

_CODE_SUFFIXES = {".json", ".yaml", ".yml", ".py"}
_EVALUATED = ("$", "@", "%")


def code_sha256(folder: Path) -> str:
    """Return the hash of all files of a bundle that say what would be run.

    Parameters
    ----------
    folder
        The bundle.

    Returns
    -------
    str
        SHA-256 over names and contents of its JSON, YAML and Python files, in the order of the names.
    """
    total = hashlib.sha256()
    files = [path for path in folder.rglob("*") if path.suffix.lower() in _CODE_SUFFIXES]
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file():
            total.update(path.relative_to(folder).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def must_be_trusted(folder: Path, why: str) -> UnsupportedFormat:
    """Return the refusal of a bundle that would run code, with the hash by which it can be trusted."""
    return UnsupportedFormat(
        f"{why} That would run code of the bundle's.",
        path=folder,
        cure=f"If you know who wrote it and have read it: --trust {code_sha256(folder)}",
    )


def require_trusted(folder: Path, trusted_sha256: str) -> None:
    """Refuse a bundle whose files are not those that are trusted.

    Raises
    ------
    InvalidSetting
        If its hash is another one.
    """
    found = code_sha256(folder)
    if trusted_sha256.strip().lower() != found:
        raise InvalidSetting(
            f"The files of the bundle are not those that you trust: their hash is {found}.",
            cure="Read them again before you trust them.",
        )


class TrustedCode:
    """The configuration of a bundle whose files were found to be the trusted ones.

    Parameters
    ----------
    folder
        The bundle; its own modules can be imported while something is evaluated.
    configuration
        The file of its inference.

    Raises
    ------
    CorruptFile
        If MONAI cannot read it.
    """

    def __init__(self, folder: Path, configuration: Path) -> None:
        from monai.bundle import ConfigParser

        self._folder = folder
        self._parser: Any = ConfigParser()
        try:
            self._parser.read_config(str(configuration))
            self._parser["bundle_root"] = str(folder)
        except Exception as error:  # of many kinds, as configurations are
            raise CorruptFile(
                f"MONAI cannot read it ({type(error).__name__}: {error}).", path=configuration
            ) from error

    def plain(self, name: str, value: Any) -> Any:
        """Return a value of the configuration with all that is code in it evaluated.

        Parameters
        ----------
        name
            Where it stands, in MONAI's words: ``preprocessing#transforms#3#pixdim``.
        value
            What stands there.
        """
        if isinstance(value, str) and value[:1] in _EVALUATED:
            return self.made(name)
        if isinstance(value, Mapping):
            if "_target_" in value:
                return self.made(name)
            return {key: self.plain(f"{name}#{key}", entry) for key, entry in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.plain(f"{name}#{k}", entry) for k, entry in enumerate(value)]
        return value

    def made(self, name: str) -> Any:
        """Evaluate what stands in a place of the configuration, with all that it refers to.

        Raises
        ------
        CorruptFile
            If the bundle's code fails.
        """
        try:
            with _importable(self._folder):
                return self._parser.get_parsed_content(name)
        except Exception as error:  # the bundle's code may raise anything
            raise CorruptFile(
                f"'{name}' of its configuration fails ({type(error).__name__}: {error}).",
                path=self._folder,
            ) from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let the bundle's modules be imported, and forget them: another bundle's have the same names."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(folder):
                del sys.modules[name]
