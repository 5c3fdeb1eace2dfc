"""What the methods by SimpleITK share: levels in mm, masks, cancelling, the same bits every time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Mask, Pair, overlap_share

#: Below this the images hardly show the same place, and no measure of similarity means anything.
_LEAST_OVERLAP = 0.1
_BINS = 32
_SEED = 20_240_101
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def same_bits() -> Iterator[None]:
    """Let ITK work in one thread: several add up in another order each time, and the last bits differ.

    ITK has one number of threads for the whole program; meanwhile all of it works in one.
    """
    with _ONE_AT_A_TIME:
        before = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        try:
            yield
        finally:
            SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


@dataclass(frozen=True)
class Level:
    """A coarser look at both images.

    Parameters
    ----------
    voxel_mm
        Voxels are made about so large along each axis; axes that are coarser stay as they are.
    sampled
        Share of its voxels that similarity is measured at.
    iterations
        At most.
    """

    voxel_mm: float
    sampled: float
    iterations: int


@dataclass
class Walk:
    """How far a run over all levels has come."""

    progress: Progress
    n_levels: int
    level: int = 0
    n_iterations: int = 0
    error: BaseException | None = None


def image_of(array: NDArray[np.generic], geometry: Geometry) -> SimpleITK.Image:
    """Return an image of SimpleITK on a canonical grid: the same axes, LPS mm."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(geometry.spacing_zyx_mm[::-1])
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction.ravel().tolist())
    return image


def coarser(image: SimpleITK.Image, voxel_mm: float) -> SimpleITK.Image:
    """Return an image whose voxels are about so large, smoothed before; thicker slices stay."""
    steps = [max(1, round(voxel_mm / step)) for step in image.GetSpacing()]
    steps = [min(step, max(1, size // 4)) for step, size in zip(steps, image.GetSize(), strict=True)]
    if max(steps) == 1:
        return image
    spacing = image.GetSpacing()
    # Along an axis that stays as it is, hardly at all: 0 is not allowed.
    widths = [0.5 * n * mm if n > 1 else 1e-3 * mm for n, mm in zip(steps, spacing, strict=True)]
    smooth = SimpleITK.SmoothingRecursiveGaussian(image, widths)
    return SimpleITK.Shrink(smooth, steps)


def require_overlap(pair: Pair, start: AffineTransform) -> None:
    """Raise ``InvalidImage`` if the images hardly show the same place at the start."""
    share = overlap_share(pair.fixed.geometry, pair.moving.geometry, start)
    if share < _LEAST_OVERLAP:
        raise InvalidImage(
            f"Only {share:.0%} of '{pair.fixed.name}' lies within '{pair.moving.name}'.",
            cure="Begin where the centres, the masks or landmarks meet, or nudge the start by hand.",
        )


def float_images(pair: Pair) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Return both as float32, cut off at percentiles 0.5 and 99.5: bright spots spoil histograms."""
    images = []
    for volume in (pair.fixed, pair.moving):
        values = np.asarray(volume.array, dtype=np.float32)
        low, high = np.percentile(values, [0.5, 99.5])
        cut = np.clip(values, low, max(high, low + 1e-6)).astype(np.float32)
        images.append(image_of(cut, volume.geometry))
    return images[0], images[1]


def method_at(
    level: Level, fixed_mask: SimpleITK.Image | None, moving_mask: SimpleITK.Image | None
) -> SimpleITK.ImageRegistrationMethod:
    """Return a method that compares by mutual information (Mattes), the same way every time."""
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    if level.sampled < 1:
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(level.sampled, _SEED)
    if fixed_mask is not None:
        method.SetMetricFixedMask(fixed_mask)
    if moving_mask is not None:
        method.SetMetricMovingMask(moving_mask)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetShrinkFactorsPerLevel([1])
    method.SetSmoothingSigmasPerLevel([0.0])
    return method


def mask_image(mask: Mask | None, geometry: Geometry) -> SimpleITK.Image | None:
    """Return a mask as an image; None stays None."""
    return None if mask is None else image_of(mask.astype(np.uint8), geometry)


def watched(
    method: SimpleITK.ImageRegistrationMethod, walk: Walk, iterations: int, told: str
) -> Callable[[], None]:
    """Let a method report its iterations, and stop when the progress says so; call the result after."""

    def step() -> None:
        walk.n_iterations += 1
        if walk.error is not None:
            return
        share = min(0.99, method.GetOptimizerIteration() / max(1, iterations))
        try:
            done = round(100 * (walk.level + share) / walk.n_levels)
            walk.progress(done, 100, f"{told}, level {walk.level + 1} of {walk.n_levels}")
        except BaseException as error:  # noqa: BLE001 - SimpleITK would swallow it; it is raised after
            walk.error = error
            method.StopRegistration()

    method.AddCommand(SimpleITK.sitkIterationEvent, step)

    def check() -> None:
        if walk.error is not None:
            raise walk.error

    return check
