"""Which image of a case is the T2w, the ADC, the high-b...: rules that a user can read and change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from platformdirs import user_config_path

from napari_medassist.core.case import Series
from napari_medassist.core.errors import FileProblem
from napari_medassist.core.volume import Volume

OVERRIDE_VARIABLE = "NAPARI_MEDASSIST_ROLES"
#: A label map has few values; whole-body models know somewhat over a hundred structures.
_MAX_LABEL_VALUES = 150


@dataclass(frozen=True)
class RoleRule:
    """One line of the table; every condition that is given must hold.

    Parameters
    ----------
    role
        The role that the rule gives.
    text, not_text
        Regular expressions that must, or must not, occur in description, name or ImageType.
    modality, plane
        Accepted modalities and planes; empty accepts all.
    min_b_value
        The image must have at least this b-value, in s/mm2.
    min_timepoints
        Least number of time points.
    few_values
        True if the values must look like a label map's.
    """

    role: str
    text: str = ""
    not_text: str = ""
    modality: tuple[str, ...] = ()
    plane: tuple[str, ...] = ()
    min_b_value: float | None = None
    min_timepoints: int = 1
    few_values: bool = False

    def matches(self, image: Series) -> bool:
        """Tell whether all conditions hold for an image."""
        return (
            (not self.modality or image.modality in self.modality)
            and self._matches_text(searchable_text(image))
            and (not self.plane or (isinstance(image, Volume) and image.plane in self.plane))
            and self._matches_b_value(image.acquisition.b_value_s_mm2)
            and _n_timepoints(image) >= self.min_timepoints
            and (not self.few_values or has_few_values(image))
        )

    def _matches_text(self, text: str) -> bool:
        if self.not_text and re.search(self.not_text, text):
            return False
        return not self.text or re.search(self.text, text) is not None

    def _matches_b_value(self, b_value: float | None) -> bool:
        return self.min_b_value is None or (b_value is not None and b_value >= self.min_b_value)


def searchable_text(image: Series) -> str:
    """Return what the rules' expressions are looked for in: lower case, words parted by spaces."""
    acquisition = image.acquisition
    words = " ".join((*acquisition.image_type, acquisition.description, image.name))
    return re.sub(r"[\s_.\-\\/]+", " ", words).lower().strip()


def has_few_values(image: Series) -> bool:
    """Tell whether an image looks like a label map: few whole numbers from 0 on, mostly 0."""
    if not isinstance(image, Volume) or image.n_timepoints > 1:
        return False
    values = np.asarray(image.array)
    every_eighth = values[::2, ::2, ::2]
    for sample in (every_eighth, values):  # nearly every image is refused on the small sample
        if sample.size == 0 or not np.isfinite(sample).all() or sample.min() != 0:
            return False
        occurring = np.unique(sample)
        whole = (occurring == np.rint(occurring)).all()
        if not whole or occurring.size > _MAX_LABEL_VALUES:
            return False
    return bool(np.count_nonzero(values == 0) >= values.size / 2)


def assign_role(image: Series, rules: Iterable[RoleRule]) -> Series:
    """Return the image with the role of the first rule that matches; ``other`` if none does."""
    role = next((rule.role for rule in rules if rule.matches(image)), "other")
    return replace(image, role=role)


def load_rules(override: Path | None = None) -> tuple[RoleRule, ...]:
    """Return the user's rules, if there are any, followed by those that come with the package.

    Parameters
    ----------
    override
        A file of rules; by default the one that :func:`override_path` finds.

    Raises
    ------
    FileProblem
        If the file cannot be read or a rule in it is not understood.
    """
    path = override or override_path()
    own = _parse(path.read_text(encoding="utf-8"), path) if path is not None else ()
    return (*own, *_bundled_rules())


def override_path() -> Path | None:
    """Return the user's file of rules: the environment variable's, else the configuration folder's."""
    named = os.environ.get(OVERRIDE_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise FileProblem(
                "The file of role rules does not exist.",
                path=path,
                cure=f"Correct or unset the environment variable {OVERRIDE_VARIABLE}.",
            )
        return path
    path = config_file()
    return path if path.is_file() else None


def config_file() -> Path:
    """Return where a user's own rules are looked for."""
    return user_config_path("napari-medassist") / "roles.yaml"


@cache
def _bundled_rules() -> tuple[RoleRule, ...]:
    resource = files("napari_medassist.io") / "roles.yaml"
    return _parse(resource.read_text(encoding="utf-8"), Path("roles.yaml"))


def _parse(text: str, path: Path) -> tuple[RoleRule, ...]:
    try:
        entries = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        raise FileProblem(f"The role rules are no YAML ({error}).", path=path) from error
    if not isinstance(entries, list):
        raise FileProblem("The role rules must be a list.", path=path)
    return tuple(_rule(entry, number, path) for number, entry in enumerate(entries, start=1))


def _rule(entry: Any, number: int, path: Path) -> RoleRule:
    known = {field.name for field in fields(RoleRule)}
    if not isinstance(entry, Mapping) or "role" not in entry or set(entry) - known:
        raise FileProblem(
            f"Role rule {number} is not understood.",
            path=path,
            cure=f"It needs 'role' and any of: {', '.join(sorted(known - {'role'}))}.",
        )
    values: dict[str, Any] = dict(entry)
    for key in {"modality", "plane"} & set(values):
        values[key] = _as_tuple(values[key])
    try:
        for key in ("text", "not_text"):
            re.compile(values.get(key, ""))
    except re.error as error:
        raise FileProblem(f"Role rule {number}: bad expression ({error}).", path=path) from error
    return RoleRule(**values)


def _as_tuple(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _n_timepoints(image: Series) -> int:
    return image.n_timepoints if isinstance(image, Volume) else image.n_frames
