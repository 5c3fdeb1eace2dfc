"""Several images at one position: which tag tells them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_medassist.io.dicom.diffusion import Diffusion, is_diffusion_by_name
from napari_medassist.io.dicom.planes import Plane

#: Slices nearer to each other than this lie at the same position.
SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Part:
    """Planes that make up one image: one slice a position, or one a position and time point.

    Parameters
    ----------
    planes
        In no particular order.
    suffix
        What tells this image from the others of its series, for its name (``"b800"``).
    warnings
        What a reader should know of it.
    """

    planes: tuple[Plane, ...]
    suffix: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Series number and description, b-value, and what else tells it from the others."""
        return " ".join([self.planes[0].header.title, *b_value_words(self.planes[0]), *self.suffix])


def b_value_words(plane: Plane) -> tuple[str, ...]:
    """Return the b-value as it stands in a name (``b800``); nothing where it does not apply."""
    b_value = plane.diffusion.b_value_s_mm2
    return () if b_value is None else (f"b{b_value:g}",)


def split(planes: Sequence[Plane]) -> list[Part]:
    """Split planes of one grid by image type, b-value, gradient direction and echo time.

    b-values are always kept apart; by the other tags only images at *one* position are told apart (the
    tags may well vary from slice to slice for no reason of interest). Time is left to the stacking.
    """
    parts = [Part(tuple(settle_b_values(planes)))]
    parts = _split_each(parts, lambda p: p.image_type, _type_suffix)
    parts = _split_each(parts, lambda p: p.diffusion.b_value_s_mm2, _no_suffix, always=True)
    parts = _split_each(parts, lambda p: p.diffusion.direction, _direction_suffix)
    parts = _split_each(parts, lambda p: p.echo_time_ms, _echo_suffix)
    return [_warn_of_repetitions(part) for part in parts]


def settle_b_values(planes: Sequence[Plane]) -> list[Plane]:
    """Take away b = 0 where nothing else speaks of diffusion.

    Some scanners write the tag with a zero into every MR image.
    """
    weighted = any(p.diffusion.b_value_s_mm2 for p in planes)
    if weighted or is_diffusion_by_name(planes[0].header):
        return list(planes)
    return [replace(p, diffusion=Diffusion()) for p in planes]


def by_place(planes: Iterable[Plane]) -> list[list[Plane]]:
    """Return the planes of each position, the positions rising along the normal (row x column)."""
    planes = list(planes)
    normal = planes[0].normal_lps
    depths = sorted((float(np.dot(p.position_lps_mm, normal)), i) for i, p in enumerate(planes))
    places: list[list[Plane]] = []
    last = float("-inf")
    for depth, index in depths:
        if depth - last > SAME_PLACE_MM:
            places.append([])
        places[-1].append(planes[index])
        last = depth
    return places


def _split_each(
    parts: Sequence[Part],
    key: Callable[[Plane], Hashable],
    suffix: Callable[[Plane, Sequence[Plane]], str],
    *,
    always: bool = False,
) -> list[Part]:
    return [new for part in parts for new in _split_part(part, key, suffix, always=always)]


def _split_part(
    part: Part,
    key: Callable[[Plane], Hashable],
    suffix: Callable[[Plane, Sequence[Plane]], str],
    *,
    always: bool,
) -> list[Part]:
    values: dict[Hashable, list[Plane]] = defaultdict(list)
    for plane in part.planes:
        values[key(plane)].append(plane)
    tells_apart = always or any(len({key(p) for p in place}) > 1 for place in by_place(part.planes))
    if len(values) == 1 or not tells_apart:
        return [part]
    return [
        Part(tuple(planes), (*part.suffix, *_words(suffix(planes[0], part.planes))), part.warnings)
        for _, planes in sorted(values.items(), key=lambda item: _sort_key(item[0]))
    ]


def _warn_of_repetitions(part: Part) -> Part:
    b_value = part.planes[0].diffusion.b_value_s_mm2
    most = max(len(place) for place in by_place(part.planes))
    if b_value is None or most == 1:
        return part
    warning = (
        f"{most} images a position have b = {b_value:g} and no gradient direction that tells them "
        "apart; they are shown one after the other, nothing was averaged."
    )
    return replace(part, warnings=(*part.warnings, warning))


def _no_suffix(_plane: Plane, _others: Sequence[Plane]) -> str:
    return ""  # the volume's name has the b-value in any case


def _type_suffix(plane: Plane, others: Sequence[Plane]) -> str:
    common = set.intersection(*(set(p.image_type) for p in others))
    return " ".join(part for part in plane.image_type if part not in common)


def _direction_suffix(plane: Plane, _others: Sequence[Plane]) -> str:
    direction = plane.diffusion.direction
    if direction is None:
        return "no direction"
    return "direction ({:.2f}, {:.2f}, {:.2f})".format(*direction)


def _echo_suffix(plane: Plane, _others: Sequence[Plane]) -> str:
    return "no TE" if plane.echo_time_ms is None else f"TE {plane.echo_time_ms:g} ms"


def _words(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _sort_key(value: Hashable) -> tuple[bool, object]:
    return value is not None, value
