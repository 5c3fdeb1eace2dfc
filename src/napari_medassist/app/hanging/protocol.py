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
#: What a protocol calls the need of a clip.
CLIP = "clip"
#: A row of views is broken where each would be narrower than this.
LEAST_WIDTH_PX = 240
#: Or where another arrangement makes the views larger by this factor.
_WORTH_BREAKING = 1.4


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
    over
        A series that is shown over this one, fused; None shows one alone. Its plane does not count.
    """

    role: str
    plane: Along = "axial"
    window: str = ""
    over: Choice | None = None


@dataclass(frozen=True)
class Layout:
    """Views that are shown together.

    Parameters
    ----------
    name
        What the user chooses it by.
    views
        For each view its choices; the first whose series is there is shown.
    n_clips
        So many clips are shown side by side instead, as far as there are so many; 0 for a layout of
        views.
    """

    name: str
    views: tuple[tuple[Choice, ...], ...] = ()
    n_clips: int = 0


@dataclass(frozen=True)
class Protocol:
    """A hanging protocol.

    Parameters
    ----------
    name
        What the user chooses it by.
    needs
        Roles that a case must have for it to fit; :data:`CLIP` stands for any clip.
    layouts
        What it offers; the first is shown when the case opens.
    """

    name: str
    needs: tuple[str, ...]
    layouts: tuple[Layout, ...]

    def fits(self, case: Case) -> bool:
        """Tell whether a case has all that is needed; a role must be placed in the patient."""
        return all(
            any(case.clips()) if role == CLIP else _volume_of(case, role) is not None
            for role in self.needs
        )


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
    over
        The series that is fused with it; None for a view of one series.
    over_window
        Name of a window preset for that, or empty.
    """

    image: Volume
    plane: Plane
    is_own: bool = False
    window: str = ""
    over: Volume | None = None
    over_window: str = ""


def protocol_for(case: Case, protocols: Sequence[Protocol]) -> Protocol | None:
    """Return the protocol that fits and needs most, volumes before clips; the earlier of equals."""
    fitting = [protocol for protocol in protocols if protocol.fits(case)]
    return max(fitting, key=lambda p: len(p.needs) - (CLIP in p.needs) / 2, default=None)


def hang(layout: Layout, case: Case) -> tuple[tuple[HungView, ...], tuple[str, ...]]:
    """Return the views of a layout for a case, and the roles that a view was left out for."""
    views: list[HungView] = []
    missing: list[str] = []
    for choices in layout.views:
        found = (_hung(choice, case) for choice in choices)
        view = next((view for view in found if view is not None), None)
        if view is not None:
            views.append(view)
            continue
        first = choices[0]
        is_under_there = first.over is not None and _volume_of(case, first.role) is not None
        missing.append(first.over.role if first.over is not None and is_under_there else first.role)
    return tuple(views), tuple(missing)


def fused_layout(case: Case) -> Layout | None:
    """Return a layout of two series of a case, alone and fused; None if it has less than two."""
    volumes = [series for series in case.series if isinstance(series, Volume)]
    if len(volumes) < 2:
        return None
    under = volumes[0]
    over = next((v for v in volumes if v.role != under.role), volumes[1])
    fused = Choice(under.role, over=Choice(over.role))
    return Layout("Any two series, fused", ((Choice(under.role),), (fused,)))


def columns_for(n_views: int, width_px: int, height_px: int) -> int:
    """Return in how many columns views are arranged.

    One row, as long as each is wide enough and not much larger otherwise; else whatever makes the views
    largest.
    """
    n_views = max(n_views, 1)

    def side_px(n_columns: int) -> float:
        return float(min(width_px / n_columns, height_px / np.ceil(n_views / n_columns)))

    largest = max(range(1, n_views + 1), key=side_px)
    is_wide = width_px / n_views >= LEAST_WIDTH_PX
    return n_views if is_wide and side_px(largest) < _WORTH_BREAKING * side_px(n_views) else largest


def _hung(choice: Choice, case: Case) -> HungView | None:
    """Return the view of a choice; None if a series of it is not there."""
    image = _volume_of(case, choice.role)
    over = None if choice.over is None else _volume_of(case, choice.over.role, other_than=image)
    if image is None or (choice.over is not None and over is None):
        return None
    plane = image.plane if choice.plane == "own" else choice.plane
    over_window = "" if choice.over is None else choice.over.window
    return HungView(image, plane, choice.plane == "own", choice.window, over, over_window)


def _volume_of(case: Case, role: str, other_than: Volume | None = None) -> Volume | None:
    found = (s for s in case.all_by_role(role) if isinstance(s, Volume) and s is not other_than)
    return next(found, None)
