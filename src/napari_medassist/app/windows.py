"""Display windows: what grey values an image is shown between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_medassist.core.case import Series
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Modality

Limits = tuple[float, float]
_SAMPLE = 200_000
#: A drag so long to the right makes a window e times as wide.
_DRAG_PX = 300.0


@dataclass(frozen=True)
class WindowPreset:
    """A named window.

    Parameters
    ----------
    name
        What the user chooses it by.
    limits
        The values shown black and white.
    """

    name: str
    limits: Limits

    @classmethod
    def from_centre_width(cls, name: str, centre: float, width: float) -> WindowPreset:
        """Make one from DICOM's window centre and width."""
        return cls(name, (centre - width / 2, centre + width / 2))


_CT_PRESETS = tuple(
    WindowPreset.from_centre_width(name, centre, width)
    for name, centre, width in (
        ("CT soft tissue", 40, 400),
        ("CT lung", -600, 1500),
        ("CT bone", 400, 1800),
        ("CT mediastinum", 50, 350),
        ("CT liver", 60, 160),
        ("CT brain", 40, 80),
    )
)
_ADC_PRESETS = (WindowPreset("ADC 0-1600", (0, 1600)), WindowPreset("ADC 0-3000", (0, 3000)))


def window_presets(image: Series) -> tuple[WindowPreset, ...]:
    """Return the windows offered for an image; the first is the one it opens with."""
    return _presets(image, percentile_limits(image), percentile_limits(image, 0, 100))


def window_names(image: Series) -> tuple[str, ...]:
    """Return the names of these windows, without a look at the values."""
    unknown = (0.0, 1.0)
    return tuple(preset.name for preset in _presets(image, unknown, unknown))


def _presets(image: Series, most: Limits, all_: Limits) -> tuple[WindowPreset, ...]:
    percentile, full = WindowPreset("1 % - 99.5 %", most), WindowPreset("Full range", all_)
    if isinstance(image, VideoClip):
        return (WindowPreset("8 bit", (0, 255)), percentile, full)
    stated = image.acquisition.window_centre_width
    proposed = () if stated is None else (WindowPreset.from_centre_width("From file", *stated),)
    if image.modality is Modality.CT or image.role == "ct":
        return (*_CT_PRESETS, *proposed, percentile, full)
    special = _ADC_PRESETS if image.role == "adc" else ()
    return (*proposed, percentile, *special, full)


def percentile_limits(image: Series, low: float = 1.0, high: float = 99.5) -> Limits:
    """Return two percentiles of the values, estimated on an even sample; never an empty range.

    Parameters
    ----------
    image
        The image; of a time series or clip, the middle time point is looked at.
    low, high
        Percentiles.
    """
    frames = image.frames if isinstance(image, VideoClip) else image.array
    if isinstance(image, VideoClip) or frames.ndim == 4:
        values = np.asarray(frames[frames.shape[0] // 2])
    else:
        values = np.asarray(frames)
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE)]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return (0.0, 1.0)
    lower, upper = (float(v) for v in np.percentile(sample, (low, high)))
    return (lower, upper) if upper > lower else (lower, lower + 1.0)


def dragged_window(limits: Limits, right_px: float, down_px: float) -> Limits:
    """Return a window after a drag: to the right it gets wider, upward the image gets brighter.

    Both are in proportion to the window itself, so that a drag feels alike on an ADC of 3000 and on a
    map from 0 to 1. The width never vanishes.

    Parameters
    ----------
    limits
        The window when the drag began.
    right_px, down_px
        How far the mouse has gone since then.
    """
    low, high = limits
    width, level = high - low, (low + high) / 2
    wider = width * float(np.exp(right_px / _DRAG_PX))
    level += width * down_px / _DRAG_PX
    return level - wider / 2, level + wider / 2
