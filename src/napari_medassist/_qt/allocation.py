"""Volumes that are let go of are given back to the system, not kept between small things."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

#: From this size on an array gets pages of its own: whole volumes do, slices and pictures do not.
PAGES_OF_ITS_OWN_BYTES = 4 * 1024**2
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def give_volumes_pages_of_their_own() -> bool:
    """Tell glibc to map large arrays by themselves; tell whether it does so now.

    glibc raises the size from which it does this to that of the largest array that was freed (up to
    32 MB). After the first case, volumes then lie on the heap between small things, and with each case
    more of it cannot be given back. Not done where the environment already says something
    (``MALLOC_MMAP_THRESHOLD_``), nor with another C library.
    """
    if not sys.platform.startswith("linux") or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return False
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        told = mallopt(_M_MMAP_THRESHOLD, PAGES_OF_ITS_OWN_BYTES)
        # said together: either alone ends glibc's own adjusting, and leaves the other at 128 kB
        return bool(told and mallopt(_M_TRIM_THRESHOLD, 2 * PAGES_OF_ITS_OWN_BYTES))
    return False
