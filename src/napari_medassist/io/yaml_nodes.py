"""YAML files that people write by hand: what is wrong with one is told with its line."""

from __future__ import annotations

from pathlib import Path

import yaml

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.core.labels import Code


def yaml_files(folder: Path) -> list[Path]:
    """Return the YAML files of a folder by name; none if there is no such folder."""
    return sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))


def read_yaml_text(path: Path, what: str, cure: str) -> str:
    """Return the text of a file.

    Parameters
    ----------
    path
        The file.
    what
        What it holds, for the message: "template".
    cure
        What to do about it.

    Raises
    ------
    FileProblem
        If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"The {what} cannot be read ({error}).", path=path, cure=cure) from error


class NodeReader:
    """Base of what reads values out of a file's nodes; every complaint names file and line.

    Parameters
    ----------
    path
        The file, for messages.
    cure
        What to do about a file that is wrong.
    """

    def __init__(self, path: Path, cure: str) -> None:
        self._path, self._cure = path, cure

    def _root(self, text: str) -> yaml.Node:
        """Return the outermost node of a text; raises ``CorruptFile`` if it is no YAML, or empty."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = 1 if mark is None else mark.line + 1
            problem = getattr(error, "problem", None) or "it is no YAML"
            raise CorruptFile(f"Line {line}: {problem}.", path=self._path, cure=self._cure) from error
        if root is None:
            raise CorruptFile("Line 1: the file is empty.", path=self._path, cure=self._cure)
        return root

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self._wrong(node, "a word is expected here")
        return str(node.value)

    def _code(self, node: yaml.Node | None) -> Code | None:
        if node is None:
            return None
        parts = [self._text(n) for n in self._items(node)]
        if len(parts) != 3:
            raise self._wrong(node, "a code is a list of three: scheme, value, meaning")
        return Code(*parts)

    def _optional(self, entries: dict[str, yaml.Node], name: str, default: str) -> str:
        return self._text(entries[name]) if name in entries else default

    def _items(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._wrong(node, "a list is expected here")
        return list(node.value)

    def _entries(
        self, node: yaml.Node, known: tuple[str, ...], must: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        """Return the entries of a mapping by name, each of them known and none twice."""
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, f"entries are expected here: {', '.join(known)}")
        entries: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in known:
                raise self._wrong(key, f"'{key.value}' is not known here; known are {', '.join(known)}")
            if key.value in entries:
                raise self._wrong(key, f"'{key.value}' stands twice")
            entries[key.value] = value
        for name in must:
            if name not in entries:
                raise self._wrong(node, f"'{name}' is missing")
        return entries

    def _wrong(self, node: yaml.Node, what: str) -> CorruptFile:
        line = node.start_mark.line + 1
        return CorruptFile(f"Line {line}: {what}.", path=self._path, cure=self._cure)
