"""Diffusion brought to T2w within a study: one map, found on the image that is most like it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from napari_medassist.app.registering.aligning import (
    Alignment,
    Companions,
    Wish,
    align,
    carried_image,
    is_moved,
)
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.app.registering.verdict import Thresholds
from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.volume import Volume
from napari_medassist.registration.spec import Mask

DIFFUSION_ROLES = ("dwi", "high-b", "adc")
_GLAND_MODEL = "prostate-zones"
#: What counts around the gland: rectum and bladder move by themselves, and coils shade what is far.
_MARGIN_MM = 15.0
_GLAND_UNTIL = 20


@dataclass(frozen=True, eq=False)
class AlignedDiffusion:
    """All diffusion images of a study on the grid of its T2w.

    Attributes
    ----------
    alignment
        Of the leading image, the one with the lowest b-value.
    moved
        All diffusion images on the grid of the T2w, each interpolated once, the leading one first.
    notes
        What a reader should know of how it was done.
    """

    alignment: Alignment
    moved: tuple[Volume, ...]
    notes: tuple[str, ...]


def diffusion_images(case: Case) -> tuple[Volume, tuple[Volume, ...]]:
    """Return the T2w image of a study and its diffusion images, the leading one first.

    The leading one has the lowest b-value that was acquired: it shows anatomy as T2w does. Without
    b-values it is the ADC map.

    Raises
    ------
    InvalidImage
        If there is no T2w or no diffusion image.
    """
    t2w = next((v for v in case.volumes() if v.role == "t2w"), None)
    images = [v for v in case.volumes() if v.role in DIFFUSION_ROLES and v.array.ndim == 3]
    if t2w is None or not images:
        missing = "no T2w image" if t2w is None else "no diffusion image"
        raise InvalidImage(
            f"'{case.name}' has {missing}.",
            cure="Choose the fixed and the moving image yourself, or set the roles of the series.",
        )
    acquired = [
        v for v in images if v.acquisition.b_value_s_mm2 is not None and not v.acquisition.calculated
    ]
    lead = min(acquired, key=lambda v: v.acquisition.b_value_s_mm2 or 0.0) if acquired else images[0]
    return t2w, (lead, *(v for v in images if v is not lead))


def without_moved(case: Case) -> Case:
    """Return a case without what an alignment has added to it: that is not aligned again."""
    own = tuple(s for s in case.series if not is_moved(s))
    return replace(case, series=own)


def why_no_diffusion(case: Case | None) -> str:
    """Return why a case's diffusion cannot be aligned with its T2w; empty if it can."""
    if case is None:
        return "No case is open."
    try:
        diffusion_images(without_moved(case))
    except InvalidImage as error:
        return str(error)
    return ""


def align_diffusion(
    case: Case,
    wish: Wish | None = None,
    *,
    around_gland: bool = True,
    thresholds: Thresholds | None = None,
    progress: Progress = silent,
) -> AlignedDiffusion:
    """Align a study's diffusion images with its T2w by one map, found on the leading one.

    Parameters
    ----------
    case
        With a T2w image and diffusion images.
    wish
        How; rigidly by default.
    around_gland
        Whether only the prostate, as ``prostate-zones`` outlines it, and 15 mm around it count.
    thresholds
        Of the verdict.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If there is no T2w or no diffusion image, or they cannot be aligned.
    InvalidSetting
        If the method works on outlines.
    """
    t2w, (lead, *others) = diffusion_images(case)
    notes = [f"The map was found on '{lead.name}' and carries {len(others)} other image(s) along."]
    wish = wish or Wish()
    if METHODS.get(wish.method).needs_masks:
        raise InvalidSetting(
            f"'{wish.method}' needs outlines in both images, and diffusion images have none.",
            cure="Choose another method, or align two images with their outlines.",
        )
    mask = None
    if around_gland:
        mask, told = _around_gland(case, t2w, part_of(progress, 0, _GLAND_UNTIL))
        notes.append(told)
    companions = Companions(fixed_mask=mask)
    if mask is not None:
        wish = replace(wish, in_masks=True, whole_first=True)
    rest = part_of(progress, _GLAND_UNTIL, 100)
    alignment = align(t2w, lead, wish, companions, thresholds=thresholds, progress=rest)
    moved = (alignment.moved, *(carried_image(alignment, other) for other in others))
    return AlignedDiffusion(alignment, moved, tuple(notes))


def _around_gland(case: Case, t2w: Volume, progress: Progress) -> tuple[Mask | None, str]:
    """Return where the prostate and its surroundings are, and what is to be told of that."""
    try:
        made = segment(case, _GLAND_MODEL, preferred=(t2w,), progress=progress)
    except InvalidImage as error:
        return None, f"The whole image counts: {_GLAND_MODEL} could not run ({error})."
    gland = np.asarray(made.labels.array) > 0
    if not gland.any() or not made.labels.geometry.is_same_grid(t2w.geometry):
        return None, f"The whole image counts: {_GLAND_MODEL} found no prostate."
    away = ndimage.distance_transform_edt(~gland, sampling=t2w.geometry.spacing_zyx_mm)
    told = f"Only the prostate, as {_GLAND_MODEL} outlines it, and {_MARGIN_MM:.0f} mm around it count."
    return np.asarray(away <= _MARGIN_MM), told
