"""The choices that decide a number, all in one place and by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import SAME_GRID_TOLERANCE_MM
from napari_medassist.core.results import Settings

CONNECTIVITIES = (6, 18, 26)


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How lesions are told apart, matched and judged.

    Parameters
    ----------
    name
        What the convention is called.
    connectivity
        Neighbours that hold a lesion together: 6 (faces), 18 (and edges), 26 (and corners).
    overlap_reference
        A reference lesion is found if at least this share of its voxels is predicted; above 0, at
        most 1, inclusive.
    overlap_prediction
        A predicted lesion is true if at least this share of its voxels is in the reference; above 0,
        at most 1, inclusive.
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
    connectivity: int = 26
    overlap_reference: float = 0.1
    overlap_prediction: float = 0.1
    grid_tolerance_mm: float = SAME_GRID_TOLERANCE_MM
    good_dice: float = 0.7

    def __post_init__(self) -> None:
        if self.connectivity not in CONNECTIVITIES:
            raise InvalidSetting(f"The connectivity is 6, 18 or 26, not {self.connectivity}.")
        for name in ("overlap_reference", "overlap_prediction"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidSetting(
                    f"{name} must be above 0 and at most 1, got {getattr(self, name)}."
                )
        if not 0 <= self.grid_tolerance_mm < float("inf"):
            raise InvalidSetting(
                f"The grid tolerance must be a distance in mm, got {self.grid_tolerance_mm}."
            )
        if not 0 <= self.good_dice <= 1:
            raise InvalidSetting(f"A Dice lies between 0 and 1, good_dice is {self.good_dice}.")

    def settings(self) -> Settings:
        """Return all settings by name, as they are kept with every result."""
        return asdict(self)


#: Ours: 26-connected lesions, judged on each side by itself at 10 % overlap.
MEDASSIST = Convention()
