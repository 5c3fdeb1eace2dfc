"""From what the files held to one case: roles, label maps, and what a reader should be warned of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap, label_map_of
from napari_medassist.core.volume import Volume
from napari_medassist.io.format import Loaded
from napari_medassist.io.roles import RoleRule, assign_role

#: Order of the roles in a case; all others follow, in the order they were acquired.
ROLE_ORDER = ("t2w", "adc", "high-b", "dwi", "dce", "t2w-sag", "t2w-cor", "ct", "us")
#: Below this, a diffusion image does not show what readers look for on the high b-value.
_HIGH_B_VALUE = 1000.0


def assemble(name: str, loaded: Iterable[Loaded], rules: Sequence[RoleRule]) -> Case:
    """Make one case of all that was loaded.

    Parameters
    ----------
    name
        The case's name.
    loaded
        What the formats found.
    rules
        Role rules, tried in this order.
    """
    parts = list(loaded)
    # What a file itself calls a probability (a fractional DICOM SEG) is not named anew by its words.
    series = [
        image if image.role == "probability" else assign_role(image, rules)
        for part in parts
        for image in part.series
    ]
    labels = [labels for part in parts for labels in part.labels]
    warnings = [warning for part in parts for warning in part.warnings]
    images: list[Series] = []
    for image in series:
        label_map, problem = _as_labels(image)
        if label_map is not None:
            labels.append(label_map)
        else:
            images.append(image)
            warnings += problem
    images = _prefer_axial_t2w(images, warnings)
    warnings += _missing_high_b(images)
    return Case(
        name=name,
        series=tuple(sorted(images, key=_reading_order)),
        labels=tuple(labels),
        warnings=tuple(warnings),
    )


def _as_labels(image: Series) -> tuple[LabelMap | None, list[str]]:
    if image.role != "label" or not isinstance(image, Volume):
        return None, []
    try:
        return label_map_of(image), []
    except InvalidImage as error:
        return None, [f"{image.name}: kept as an image, not as labels. {error}"]


def _prefer_axial_t2w(images: list[Series], warnings: list[str]) -> list[Series]:
    """If no axial T2w was acquired, the sagittal or coronal one takes its role, and it is said."""
    roles = [image.role for image in images]
    if "t2w" in roles:
        return images
    for role in ("t2w-sag", "t2w-cor"):
        if role in roles:
            chosen = roles.index(role)
            warnings.append(f"No axial T2w: '{images[chosen].name}' ({role}) is read as the T2w.")
            return [replace(s, role="t2w") if i == chosen else s for i, s in enumerate(images)]
    return images


def _missing_high_b(images: Sequence[Series]) -> list[str]:
    b_values = [i.acquisition.b_value_s_mm2 for i in images if i.role == "dwi"]
    known = [b for b in b_values if b is not None]
    if not known or any(image.role == "high-b" for image in images):
        return []
    told = (
        f"No image with b >= {_HIGH_B_VALUE:g} s/mm2, acquired or calculated: "
        f"the highest b-value of this case is {max(known):g}."
    )
    return [told]


def _reading_order(image: Series) -> tuple[int, bool, int, float]:
    acquisition = image.acquisition
    rank = ROLE_ORDER.index(image.role) if image.role in ROLE_ORDER else len(ROLE_ORDER)
    return (
        rank,
        acquisition.calculated,  # an acquired high-b comes before a calculated one
        acquisition.series_number if acquisition.series_number is not None else 10**6,
        acquisition.b_value_s_mm2 or 0.0,
    )
