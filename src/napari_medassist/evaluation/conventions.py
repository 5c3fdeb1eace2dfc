"""All choices that decide a number in one object, with a name; presets are files of ``presets/``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Self, TypeVar

import yaml

from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.geometry import SAME_GRID_TOLERANCE_MM
from napari_medassist.core.results import Settings
from napari_medassist.evaluation.rules import EmptyRule, ExtractionRule, MatchingRule
from napari_medassist.evaluation.setting_values import checked
from napari_medassist.metrics.rules import SurfaceRule

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How lesions are told apart, matched and judged, and how surfaces are measured.

    Parameters
    ----------
    name
        What the convention is called.
    description, citation
        What it is for, in one sentence; where it comes from.
    surface
        Borders and their distances.
    extraction
        How lesions come from masks and maps.
    matching
        What counts as a hit.
    empty_overlap, empty_distance
        What empty masks mean for overlaps (Dice, IoU...) and for distances.
    grid_tolerance_mm
        Two grids are the same if no corner voxel's centre lies farther from its twin than this.
    good_dice
        From here on a Dice counts as looking good, and lesion errors behind it as hidden; 0..1.

    Raises
    ------
    InvalidSetting
        If a value lies outside of its range.
    """

    name: str = "medassist"
    description: str = ""
    citation: str = ""
    surface: SurfaceRule = field(default_factory=SurfaceRule)
    extraction: ExtractionRule = field(default_factory=ExtractionRule)
    matching: MatchingRule = field(default_factory=MatchingRule)
    empty_overlap: EmptyRule = field(
        default_factory=lambda: EmptyRule(reference_only="worst", prediction_only="worst")
    )
    empty_distance: EmptyRule = field(default_factory=EmptyRule)
    grid_tolerance_mm: float = SAME_GRID_TOLERANCE_MM
    good_dice: float = 0.7

    def __post_init__(self) -> None:
        if not 0 <= self.grid_tolerance_mm < float("inf"):
            raise InvalidSetting(
                f"grid_tolerance_mm is a distance in mm, not {self.grid_tolerance_mm}."
            )
        if not 0 <= self.good_dice <= 1:
            raise InvalidSetting(f"good_dice is a Dice from 0 to 1, not {self.good_dice}.")

    def settings(self) -> Settings:
        """Return all settings by name, nested, as they are kept with every result."""
        return _nested(self)

    def to_yaml(self) -> str:
        """Return the convention as YAML, to be saved beside results."""
        return yaml.safe_dump(self.settings(), sort_keys=False, allow_unicode=True)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make one from nested settings; what is not given has its default.

        Raises
        ------
        InvalidSetting
            If a name is not known, or a value lies outside of its range.
        """
        return _filled(cls(), settings)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Make one from YAML, as :meth:`to_yaml` writes it.

        Raises
        ------
        InvalidSetting
            If it is no YAML, or a setting is not known.
        """
        try:
            settings = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InvalidSetting(f"The convention is no YAML ({error}).") from error
        if not isinstance(settings, Mapping):
            raise InvalidSetting("A convention is a mapping of names to values.")
        return cls.from_settings(settings)

    def with_changes(self, **settings: Any) -> Self:
        """Return a copy with changed settings; those of a rule are given as a mapping.

        Examples
        --------
        >>> strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.5})
        >>> strict.matching.threshold_reference, strict.matching.threshold_prediction
        (0.5, 0.1)
        """
        return _filled(self, settings)


def _nested(rule: object) -> dict[str, Any]:
    """Return the settings of a rule by name: as ``asdict``, which copies each value, does it."""
    values = {part.name: getattr(rule, part.name) for part in fields(rule)}  # type: ignore[arg-type]
    return {name: _nested(v) if is_dataclass(v) else v for name, v in values.items()}


def _filled(rule: R, settings: Mapping[str, Any], within: str = "") -> R:
    """Return a dataclass with the given fields replaced; nested ones field by field.

    Messages of rules begin with the name of a setting; ``within`` is the way to it: ``extraction.``.
    """
    _require_known(rule, settings)
    nested = {
        name: _filled(getattr(rule, name), value, f"{within}{name}.")
        for name, value in settings.items()
        if is_dataclass(getattr(rule, name)) and isinstance(value, Mapping)
    }
    try:
        plain = {n: checked(rule, n, value) for n, value in settings.items() if n not in nested}
        return replace(rule, **nested, **plain)  # type: ignore[type-var]
    except InvalidSetting as error:
        raise InvalidSetting(f"{within}{error.message}", cure=error.cure) from error
    except TypeError as error:
        raise InvalidSetting(f"A setting has a value of the wrong kind ({error}).") from error


def _require_known(rule: object, settings: Mapping[str, Any]) -> None:
    known = {f.name for f in fields(rule)}  # type: ignore[arg-type]
    unknown = sorted(set(settings) - known)
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known))}."
        raise InvalidSetting(f"There is no setting '{unknown[0]}'.", cure=hint)


#: Ours: 26-connected lesions, judged on each side by itself at 10 % overlap.
MEDASSIST = Convention(
    description="Our own: each lesion judged by itself at 10 % overlap, nothing assigned one to one.",
    citation="after Yan W. et al., arXiv:2203.16415, 2022",
)


@cache
def presets() -> dict[str, Convention]:
    """Return all conventions that come with the package, by name; ours first."""
    folder = files("napari_medassist.evaluation") / "presets"
    texts = sorted((f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir())
    loaded = [Convention.from_yaml(text) for name, text in texts if name.endswith(".yaml")]
    return {c.name: c for c in (MEDASSIST, *loaded)}


def preset(name: str) -> Convention:
    """Return the convention of a name.

    Raises
    ------
    UnknownItem
        If there is none; the message holds the known names.
    """
    known = presets()
    if name not in known:
        raise UnknownItem(
            f"There is no convention called '{name}'.", cure=f"Known: {', '.join(known)}."
        )
    return known[name]
