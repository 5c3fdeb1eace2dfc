"""Hanging protocols: what a user writes into a small file, and which one fits a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_medassist.core.case import Case
from napari_medassist.core.orientation import Plane
from napari_medassist.core.volume import Volume

#: ``own``: the slices as they were acquired, in their own axes, however oblique to the case.
Along = Plane | Literal["own"]
#: A row of views is broken where each would be narrower than this.
LEAST_WIDTH_PX = 240


@dataclass(frozen=True)
class Choice:
    """A series by its role, and along which plane it is shown.

    Parameters
    ----------
    role
        Role of the series.
    plane
        ``axial``, ``coronal`` or ``sagittal`` of the case's frame, or ``own``.
    window
        Name of a window preset; empty leaves the window as it is.
    """

    role: str
    plane: Along = "axial"
    window: str = ""


@dataclass(frozen=True)
class Layout:
    """Views that are shown together.

    Parameters
    ----------
    name
        What the user chooses it by.
    views
        For each view its choices; the first whose series is there is shown.
    """

    name: str
    views: tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True)
class Protocol:
    """A hanging protocol.

    Parameters
    ----------
    name
        What the user chooses it by.
    needs
        Roles that a case must have for it to fit.
    layouts
        What it offers; the first is shown when the case opens.
    """

    name: str
    needs: tuple[str, ...]
    layouts: tuple[Layout, ...]

    def fits(self, case: Case) -> bool:
        """Tell whether a case has all that is needed, placed in the patient: a clip is not."""
        return all(_volume_of(case, role) is not None for role in self.needs)


@dataclass(frozen=True, eq=False)
class HungView:
    """What one view shows.

    Parameters
    ----------
    image
        The series.
    plane
        The plane, by its name.
    is_own
        True if it is shown in its own axes, else in those of the case.
    window
        Name of a window preset, or empty.
    """

    image: Volume
    plane: Plane
    is_own: bool = False
    window: str = ""


def protocol_for(case: Case, protocols: Sequence[Protocol]) -> Protocol | None:
    """Return the protocol that fits a case and needs most; the earlier one of equals."""
    fitting = [protocol for protocol in protocols if protocol.fits(case)]
    return max(fitting, key=lambda protocol: len(protocol.needs), default=None)


def hang(layout: Layout, case: Case) -> tuple[tuple[HungView, ...], tuple[str, ...]]:
    """Return the views of a layout for a case, and the roles that a view was left out for."""
    views: list[HungView] = []
    missing: list[str] = []
    for choices in layout.views:
        found = ((choice, _volume_of(case, choice.role)) for choice in choices)
        chosen, image = next(((c, v) for c, v in found if v is not None), (choices[0], None))
        if image is None:
            missing.append(chosen.role)
            continue
        plane = image.plane if chosen.plane == "own" else chosen.plane
        views.append(HungView(image, plane, chosen.plane == "own", chosen.window))
    return tuple(views), tuple(missing)


def columns_for(n_views: int, width_px: int, height_px: int) -> int:
    """Return in how many columns views are arranged.

    One row, as long as each is wide enough; else whatever makes the views largest.
    """
    if n_views <= 1 or width_px / n_views >= LEAST_WIDTH_PX:
        return max(n_views, 1)
    return max(
        range(1, n_views + 1),
        key=lambda n: min(width_px / n, height_px / np.ceil(n_views / n)),
    )


def _volume_of(case: Case, role: str) -> Volume | None:
    return next((s for s in case.all_by_role(role) if isinstance(s, Volume)), None)
