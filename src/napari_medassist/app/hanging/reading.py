"""Protocol files: YAML, one protocol a file; what is wrong is told with its line."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml
from platformdirs import user_config_path

from napari_medassist.app.hanging.protocol import CLIP, Choice, Layout, Protocol
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.orientation import Plane
from napari_medassist.io.roles import load_rules
from napari_medassist.io.yaml_nodes import NodeReader, read_yaml_text, yaml_files

#: Roles that our confidence maps and unmatched images have, besides those of the role rules.
_FURTHER_ROLES = ("probability", "detection", "other")
_PLANES = (*get_args(Plane), "own")
_CURE = "Correct the file; until then the protocols that come with MedAssist are used."


def known_roles() -> frozenset[str]:
    """Return all roles that an image can get, those of the user's own rules too."""
    return frozenset((*(rule.role for rule in load_rules()), *_FURTHER_ROLES))


def user_protocol_folder() -> Path:
    """Return the folder of the user's own protocols."""
    return user_config_path("napari-medassist") / "protocols"


@cache
def built_in_protocols() -> tuple[Protocol, ...]:
    """Return the protocols that come with the package."""
    folder = files("napari_medassist.app.hanging") / "protocols"
    found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return tuple(
        parse_protocol(entry.read_text(encoding="utf-8"), Path(entry.name))
        for entry in found
        if entry.name.endswith(".yaml")
    )


def all_protocols(
    folder: Path | None = None,
) -> tuple[tuple[Protocol, ...], tuple[MedAssistError, ...]]:
    """Return the user's protocols, then ours, and what is wrong with files that were passed over.

    Parameters
    ----------
    folder
        The user's folder; by default the one in the configuration folder.
    """
    own: list[Protocol] = []
    problems: list[MedAssistError] = []
    folder = user_protocol_folder() if folder is None else folder
    for path in yaml_files(folder):
        try:
            own.append(read_protocol(path))
        except MedAssistError as error:
            problems.append(error)
    return (*own, *built_in_protocols()), tuple(problems)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no protocol; the message names the line.
    """
    return parse_protocol(read_yaml_text(path, "protocol", _CURE), path)


def parse_protocol(text: str, path: Path) -> Protocol:
    """Return the protocol in a file's text.

    Raises
    ------
    CorruptFile
        If it is no protocol; the message names the line.
    """
    return _Reader(path, _CURE).protocol(text)


class _Reader(NodeReader):
    """Turns the nodes of a file into a protocol."""

    def protocol(self, text: str) -> Protocol:
        node = self._root(text)
        entries = self._entries(node, ("name", "needs", "layouts"), must=("name", "layouts"))
        needs = entries.get("needs")
        roles = () if needs is None else tuple(self._need(n) for n in self._items(needs))
        layouts = tuple(self._layout(n) for n in self._items(entries["layouts"]))
        if not layouts:
            raise self._wrong(entries["layouts"], "a protocol needs a layout")
        return Protocol(self._text(entries["name"]), roles, layouts)

    def _layout(self, node: yaml.Node) -> Layout:
        entries = self._entries(node, ("name", "views", "clips"), must=("name",))
        if "clips" in entries:
            if "views" in entries:
                raise self._wrong(entries["clips"], "a layout has views or clips, not both")
            return Layout(self._text(entries["name"]), n_clips=self._count(entries["clips"]))
        if "views" not in entries:
            raise self._wrong(node, "'views' is missing")
        views = tuple(self._view(n) for n in self._items(entries["views"]))
        if not views:
            raise self._wrong(entries["views"], "a layout needs a view")
        return Layout(self._text(entries["name"]), views)

    def _need(self, node: yaml.Node) -> str:
        return CLIP if self._text(node) == CLIP else self._role(node)

    def _count(self, node: yaml.Node) -> int:
        text = self._text(node)
        if text not in ("1", "2"):
            raise self._wrong(node, f"'{text}' is not 1 or 2, the clips that fit side by side")
        return int(text)

    def _view(self, node: yaml.Node) -> tuple[Choice, ...]:
        alternatives = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not alternatives:
            raise self._wrong(node, "a view needs a series")
        return tuple(self._choice(n) for n in alternatives)

    def _choice(self, node: yaml.Node) -> Choice:
        entries = self._entries(node, ("role", "plane", "window", "over"), must=("role",))
        plane: Any = "axial"
        if "plane" in entries:
            plane = self._text(entries["plane"])
            if plane not in _PLANES:
                raise self._wrong(
                    entries["plane"], f"'{plane}' is no plane; known are {', '.join(_PLANES)}"
                )
        window = self._optional(entries, "window", "")
        over = self._over(entries["over"]) if "over" in entries else None
        return Choice(self._role(entries["role"]), plane, window, over)

    def _over(self, node: yaml.Node) -> Choice:
        entries = self._entries(node, ("role", "window"), must=("role",))
        window = self._optional(entries, "window", "")
        return Choice(self._role(entries["role"]), window=window)

    def _role(self, node: yaml.Node) -> str:
        role = self._text(node)
        roles = known_roles()
        if role not in roles:
            known = ", ".join(sorted(roles))
            raise self._wrong(node, f"'{role}' is no role; known are {known}")
        return role
