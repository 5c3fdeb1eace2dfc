"""The state that edits change: the label maps of a case by key, and its findings by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What JSON can hold: None, bool, int, float, str, and lists and mappings of these.
Plain = Any
Voxels = NDArray[np.integer[Any]]


@dataclass(eq=False)
class Document:
    """What an annotator has made of a case. Only actions change it.

    Parameters
    ----------
    maps
        Key of a label map -> its voxels, (z, y, x) in canonical order, or (t, y, x) of a clip. They are
        changed in place, so that whoever shows an array sees what was done to it.
    findings
        Id of a finding -> its fields, plain values that JSON can hold. A finding is replaced whole,
        never changed in place.
    about
        Key of a label map -> what is known of it beside its voxels (name, scheme, grid), plain values
        as :func:`~napari_medassist.annotation.map_about.about_map` makes them. Replaced whole too.
    """

    maps: dict[str, Voxels] = field(default_factory=dict)
    findings: dict[str, Mapping[str, Plain]] = field(default_factory=dict)
    about: dict[str, Mapping[str, Plain]] = field(default_factory=dict)
