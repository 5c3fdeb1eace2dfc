"""What a user's window remembers: recent cohorts, the last convention, where panels stood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from napari_medassist.core.errors import MedAssistError, WriteFailed
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.io.atomic import replacing

SETTINGS_FILE = "settings.json"
_N_RECENT = 10
_VERSION = 1


def settings_path() -> Path:
    """Return where a user's settings lie."""
    return user_config_path("napari-medassist") / SETTINGS_FILE


class Settings:
    """A small file of settings, read at the start and written at each change.

    Before it is written it is read again, so that what another window has set stays. Nothing that
    goes wrong here stops anybody: then defaults count, and :attr:`problem` says why. Use from one
    thread.

    Parameters
    ----------
    path
        The file; by default the one in the user's configuration folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_path()
        self.problem = ""
        self._content = self._read()

    @property
    def recent_cohorts(self) -> tuple[Mapping[str, Any], ...]:
        """Cohorts that were open, the last one first, as ``CohortSources.to_plain`` writes them."""
        found = self._content.get("recent_cohorts", [])
        return tuple(entry for entry in found if isinstance(entry, dict)) if _is_list(found) else ()

    def add_recent_cohort(self, plain: Mapping[str, Any]) -> None:
        """Put a cohort in front of the recent ones; ten are kept."""
        self._reload()
        others = [entry for entry in self.recent_cohorts if entry != plain]
        self._set("recent_cohorts", [dict(plain), *others][:_N_RECENT])

    @property
    def convention(self) -> Convention:
        """The convention that was in use last; ours if there was none or it is not understood."""
        settings = self._content.get("convention")
        if not isinstance(settings, dict):
            return MEDASSIST
        try:
            return Convention.from_settings(settings)
        except (MedAssistError, TypeError, ValueError) as error:
            self.problem = f"The last convention is not understood ({error}); the default is in use."
            return MEDASSIST

    @convention.setter
    def convention(self, convention: Convention) -> None:
        self._set("convention", dict(convention.settings()))

    @property
    def reader(self) -> str:
        """Name that marks are signed with; empty for the user of the computer."""
        return str(self._content.get("reader", ""))

    @reader.setter
    def reader(self, name: str) -> None:
        self._set("reader", name)

    def ui(self, name: str, default: Any = None) -> Any:
        """Return what a panel stored under a name, plain values; the default if there is nothing."""
        stored = self._content.get("ui", {})
        return stored.get(name, default) if isinstance(stored, dict) else default

    def set_ui(self, name: str, value: Any) -> None:
        """Store plain values (text, numbers, lists, dictionaries) of a panel under a name."""
        self._reload()
        stored = self._content.get("ui", {})
        self._set("ui", {**(stored if isinstance(stored, dict) else {}), name: value})

    def _set(self, name: str, value: Any) -> None:
        self._reload()
        self._content[name] = value
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**self._content, "version": _VERSION}, indent=1, ensure_ascii=False)
            with replacing(self.path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        except (OSError, WriteFailed, TypeError, ValueError) as error:
            self.problem = f"The settings could not be kept ({error})."

    def _reload(self) -> None:
        self._content = {**self._content, **self._read()}

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.problem = f"The settings could not be read ({error}); defaults are in use."
            return {}
        if not isinstance(content, dict):
            self.problem = "The settings are not understood; defaults are in use."
            return {}
        return content


def _is_list(value: object) -> bool:
    return isinstance(value, list)
