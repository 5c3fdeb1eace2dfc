"""Arrays whose frames (slices, time points) are made when they are looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.volume import Array

#: Where a lazy array keeps the frames that it was made of.
_FRAMES = "medassist_frames"


class Frames(ABC):
    """Items along the first axis, made one at a time, that are indexed as numpy's are.

    Parameters
    ----------
    shape
        (item, ...).
    dtype
        Type of the elements.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.ndim = len(shape)

    @abstractmethod
    def frame(self, number: int) -> NDArray[Any]:
        """Return one item, from 0, of the shape ``shape[1:]``. May be called from any thread."""

    def __len__(self) -> int:
        """Return the number of items."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Return items as numpy would: the first index chooses items, the others work within."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        if isinstance(first, int | np.integer):
            within: NDArray[Any] = self.frame(range(len(self))[int(first)])[tuple(rest)]
            return within
        chosen = np.arange(len(self))[first]
        frames = np.empty((len(chosen), *self.shape[1:]), dtype=self.dtype)
        for place, number in enumerate(chosen):
            frames[place] = self.frame(int(number))
        selected: NDArray[Any] = frames[(slice(None), *rest)]
        return selected

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - numpy's signature
        """Make all items."""
        return np.asarray(self[:], dtype=dtype)


class _MadeFrames(Frames):
    def __init__(self, make: Callable[[int], NDArray[Any]], shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__(shape, dtype)
        self._make = make

    def frame(self, number: int) -> NDArray[Any]:
        return self._make(number)


def lazy_array(frames: Frames) -> Array:
    """Return a lazy array of one item a chunk."""
    import dask.array as da  # takes half a second to import, and few files need it

    array: Array = da.from_array(frames, chunks=(1, *frames.shape[1:]), name=False, asarray=False)
    vars(array)[_FRAMES] = frames
    return array


def frames_of(array: Array) -> Array:
    """Return the frames that a lazy array was made of, which any thread may ask for; else the array.

    napari keeps what dask computes in a cache that two threads at once break.
    """
    frames: Array = getattr(array, _FRAMES, array)
    return frames


def made_when_seen(make: Callable[[int], NDArray[Any]], shape: tuple[int, ...], dtype: Any) -> Array:
    """Return a lazy array whose items are made by a function.

    Parameters
    ----------
    make
        Returns the item of a number; may be called from any thread, and more than once.
    shape
        (item, ...).
    dtype
        Type of the elements.
    """
    return lazy_array(_MadeFrames(make, shape, dtype))
