"""Align one image with another: the run, the image and labels that it carries, and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_medassist import __version__
from napari_medassist.app.registering.carrying import (
    CarriedLabels,
    carried,
    require_on_its_grid,
)
from napari_medassist.app.registering.quality import AlignmentQuality, TargetErrors
from napari_medassist.app.registering.registry import METHODS
from napari_medassist.app.registering.verdict import Thresholds, Verdict, judged
from napari_medassist.core.case import Series
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.landmarks import LandmarkPair, landmark_places
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.provenance import ALIGNED_BY, Provenance
from napari_medassist.core.transform import AffineTransform, Transform, inverse_of
from napari_medassist.core.volume import Volume
from napari_medassist.registration.quality import (
    body,
    map_quality,
    normalised_mutual_information,
    way_back_mm,
)
from napari_medassist.registration.resample import warped, warped_numbers
from napari_medassist.registration.spec import (
    Gives,
    Mask,
    MethodSpec,
    Pair,
    Registered,
    checked,
    outlines_of,
)
from napari_medassist.registration.start import Start, start_of

#: Shares of the run: the way there, the way back, what is carried and measured.
_THERE, _BACK, _ALL = 50, 85, 100
_RIGID = "rigid"


@dataclass(frozen=True)
class Wish:
    """How two images are to be aligned.

    Attributes
    ----------
    method
        Name of a registered method.
    start
        How the first guess is made, or the guess itself, fixed to moving.
    both_ways
        Whether the same is done the other way round, to tell how well the two agree.
    in_masks
        Whether only what lies in the masks counts; else they serve the start and the verdict.
    whole_first
        With ``in_masks``: whether the whole images are aligned rigidly before, so that what is in the
        masks only has to be refined. An organ alone may look alike when it is turned.
    guided
        Whether the landmarks take part in a deformation; else they only measure it. A method that
        works on landmarks alone uses them in any case.
    """

    method: str = "rigid"
    start: Start | AffineTransform = Start.SCANNER
    both_ways: bool = True
    in_masks: bool = False
    whole_first: bool = False
    guided: bool = False


@dataclass(frozen=True, eq=False)
class Alignment:
    """Two images, aligned and judged. Neither of them is changed.

    Attributes
    ----------
    fixed, moving
        The images as they were.
    wish
        How they were aligned.
    start
        Where that began, fixed to moving, LPS mm.
    registered
        The map, and what was minimised.
    moved
        The moving image on the fixed one's grid, interpolated once.
    quality, verdict
        What was measured, and whether to believe it.
    guides
        Landmarks that took part.
    """

    fixed: Volume
    moving: Volume
    wish: Wish
    start: AffineTransform
    registered: Registered
    moved: Volume
    quality: AlignmentQuality
    verdict: Verdict
    guides: tuple[LandmarkPair, ...] = ()

    @property
    def transform(self) -> Transform:
        """From the fixed image's space to the moving image's, LPS mm."""
        return self.registered.transform


@dataclass(frozen=True, eq=False)
class Companions:
    """What else is known of both images.

    Attributes
    ----------
    labels
        Label maps of the moving image, each with the fixed image's own one to compare with, or None.
    landmarks
        The same places in both.
    fixed_mask, moving_mask
        On the grids of the images: the organ, for the start and the verdict.
    """

    labels: Sequence[tuple[LabelMap, LabelMap | None]] = ()
    landmarks: Sequence[LandmarkPair] = ()
    fixed_mask: Mask | None = None
    moving_mask: Mask | None = None


def align(
    fixed: Volume,
    moving: Volume,
    wish: Wish | None = None,
    companions: Companions | None = None,
    *,
    thresholds: Thresholds | None = None,
    progress: Progress = silent,
) -> Alignment:
    """Align a moving image with a fixed one, carry it over, measure and judge.

    Parameters
    ----------
    fixed, moving
        The moving image is brought to the fixed one's grid.
    wish
        How; rigidly, as the scanner placed them, by default.
    companions
        Label maps, landmarks and masks.
    thresholds
        Of the verdict.
    progress
        Told how far it has come; may raise ``Cancelled``, which leaves nothing behind.

    Raises
    ------
    UnknownItem
        If there is no such method.
    InvalidImage
        If the images cannot be aligned: see :func:`~napari_medassist.registration.spec.checked`; or
        they hardly overlap where it begins.
    GeometryMismatch
        If a label map of the fixed image lies on another grid.
    InvalidSetting
        If the start or the method needs masks and there are none, the method a package that is not
        installed, or landmarks shall guide where they cannot.
    """
    wish, companions = wish or Wish(), companions or Companions()
    method = METHODS.get(wish.method)
    method.require_installed()
    places = _guides(method, wish, companions)
    pair = checked(Pair(fixed, moving, companions.fixed_mask, companions.moving_mask, places))
    if method.needs_masks:
        outlines_of(pair, method.name)
    for _, reference in companions.labels:  # told before a long run, not after it
        require_on_its_grid(reference, fixed)
    start = wish.start if isinstance(wish.start, AffineTransform) else start_of(pair, wish.start)
    keeps_masks = wish.in_masks or method.needs_masks
    searched = pair if keeps_masks else replace(pair, fixed_mask=None, moving_mask=None)
    there_until = _THERE if wish.both_ways else _BACK
    registered = _found(method, searched, start, wish, part_of(progress, 0, there_until))
    back = None
    if wish.both_ways:
        turned = _turned(searched, registered.transform)
        told = part_of(progress, _THERE, _BACK, "the way back: ")
        back = _found(method, turned, start.inverse(), wish, told).transform
    rest = part_of(progress, _BACK, _ALL)
    moved = _carried(moving, fixed, registered.transform, wish, rest)
    maps = tuple(
        carried(labels, registered.transform, start, fixed, reference, rest)
        for labels, reference in companions.labels
    )
    guides = tuple(companions.landmarks) if wish.guided or method.needs_guides else ()
    targets = TargetErrors.of(companions.landmarks, registered.transform, start, guides, method.fitted)
    quality = _measured(pair, registered, start, moved, back, maps, targets)
    progress(_ALL, _ALL, "aligned")
    verdict = judged(quality, thresholds)
    return Alignment(fixed, moving, wish, start, registered, moved, quality, verdict, guides)


def _guides(method: MethodSpec, wish: Wish, companions: Companions) -> tuple[Float, Float] | None:
    """Return the landmarks that guide; None where they only measure."""
    if not (wish.guided or method.needs_guides):
        return None
    if not method.can_be_guided:
        raise InvalidSetting(
            f"Landmarks cannot guide '{method.name}'.", cure="Choose deformable or outlines."
        )
    if not companions.landmarks:
        raise InvalidSetting(
            f"There are no landmarks to guide '{method.name}'.", cure="Give pairs of landmarks."
        )
    return landmark_places(companions.landmarks)


def remeasured(
    alignment: Alignment, landmarks: Sequence[LandmarkPair], thresholds: Thresholds | None = None
) -> Alignment:
    """Judge an alignment again with other landmarks; nothing is aligned again."""
    fit = METHODS.get(alignment.wish.method).fitted
    targets = TargetErrors.of(landmarks, alignment.transform, alignment.start, alignment.guides, fit)
    quality = replace(alignment.quality, targets=targets)
    return replace(alignment, quality=quality, verdict=judged(quality, thresholds))


def made_by(wish: Wish) -> Provenance:
    """Return the provenance of what an alignment carries over."""
    return Provenance(made_by=f"{ALIGNED_BY}{wish.method}", software=f"napari-medassist {__version__}")


def is_moved(image: Series) -> bool:
    """Tell whether an image was made by an alignment."""
    return image.provenance.is_of_alignment


def title_of(image: Volume) -> str:
    """Return what an image is called; a moved one has the name of the one that was acquired."""
    return f"{image.name or image.role}{' (moved)' * is_moved(image)}"


def _found(
    method: MethodSpec, pair: Pair, start: AffineTransform, wish: Wish, progress: Progress
) -> Registered:
    """Run a method; where it is wished, from where the whole images lie on each other."""
    if not (wish.in_masks and wish.whole_first):
        return method.run(pair, start, progress)
    rigid = method if method.gives is Gives.RIGID else METHODS.get(_RIGID)
    whole = replace(pair, fixed_mask=None, moving_mask=None)
    first = rigid.run(whole, start, part_of(progress, 0, 50, "whole image: ")).transform
    begun = first if isinstance(first, AffineTransform) else start
    return (method.refine or method.run)(pair, begun, part_of(progress, 50, 100))


def _turned(pair: Pair, transform: Transform) -> Pair:
    """Return the pair the other way round, with what one mask says carried to the other image."""
    mask = pair.moving_mask
    guides = None if pair.guides is None else (pair.guides[1], pair.guides[0])
    if mask is not None:
        return Pair(pair.moving, pair.fixed, mask, pair.fixed_mask, guides)
    if pair.fixed_mask is not None:
        numbers = pair.fixed_mask.astype(np.uint8)
        back = inverse_of(transform)
        there = warped_numbers(numbers, pair.fixed.geometry, back, pair.moving.geometry) > 0
        mask = there if there.any() else None
    return Pair(pair.moving, pair.fixed, mask, guides=guides)


def carried_image(alignment: Alignment, image: Volume, progress: Progress = silent) -> Volume:
    """Return another image of the moving side on the fixed grid, interpolated once.

    Parameters
    ----------
    alignment
        Gives the map.
    image
        In the moving image's space: another b-value, another time point, the ADC map.
    progress
        Told how far it has come; may raise ``Cancelled``.
    """
    return _carried(image, alignment.fixed, alignment.transform, alignment.wish, progress)


def _carried(
    image: Volume, fixed: Volume, transform: Transform, wish: Wish, progress: Progress
) -> Volume:
    moved = warped(image, transform, fixed.geometry, progress=progress)
    provenance = replace(
        made_by(wish),
        sources=(*image.provenance.sources, *fixed.provenance.sources),
        details=(("moving", image.name), ("fixed", fixed.name)),
    )
    return replace(moved, provenance=provenance, source=fixed.source)


def _measured(
    pair: Pair,
    registered: Registered,
    start: AffineTransform,
    moved: Volume,
    back: Transform | None,
    maps: tuple[CarriedLabels, ...],
    targets: TargetErrors | None,
) -> AlignmentQuality:
    """Measure a result."""
    fixed, transform, mask = pair.fixed, registered.transform, pair.fixed_mask
    counted = body(fixed) if mask is None else mask
    seen = _seen(pair.moving, fixed, transform)
    began = warped(pair.moving, start, fixed.geometry)
    return AlignmentQuality(
        space=map_quality(transform, fixed, mask),
        overlap_share=float(seen[counted].mean()),
        information_before=normalised_mutual_information(
            fixed, np.asarray(began.array), _seen(pair.moving, fixed, start), mask
        ),
        information_after=normalised_mutual_information(fixed, np.asarray(moved.array), seen, mask),
        way_back_mm=None if back is None else _spread(way_back_mm(transform, back, fixed, counted)),
        targets=targets,
        carried=maps,
    )


def _seen(moving: Volume, fixed: Volume, transform: Transform) -> Mask:
    """Return where the moving image shows anything of the fixed one's grid."""
    everywhere = Volume(np.ones(moving.geometry.shape_zyx, dtype=np.float32), moving.geometry)
    return np.asarray(warped(everywhere, transform, fixed.geometry, outside=0.0).array) > 0.5


def _spread(values: np.ndarray) -> tuple[float, float]:
    """Return median and percentile 95; NaN where nothing came back."""
    there = values[np.isfinite(values)]
    if not there.size:
        return float("nan"), float("nan")
    return float(np.median(there)), float(np.percentile(there, 95))
