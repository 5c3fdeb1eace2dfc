"""Whole volumes get pages of their own, which go back to the system when they are let go of."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SCRIPT = """
import ctypes
import sys
import numpy as np
from napari_medassist._qt.allocation import give_volumes_pages_of_their_own

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

mallinfo = ctypes.CDLL("libc.so.6").mallinfo2
mallinfo.restype = Info
if "give" in sys.argv:
    assert give_volumes_pages_of_their_own()
large = np.ones(30 * 2**20, np.uint8)
del large  # glibc now takes arrays up to this size for small ones
before = mallinfo().hblkhd
volume = np.ones(8 * 2**20, np.uint8)
print(mallinfo().hblkhd - before >= volume.nbytes)
"""


def _is_mapped(*arguments: str) -> bool:
    free = {name: told for name, told in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", _SCRIPT, *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=free)
    return told.stdout.strip() == "True"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_a_volume_is_mapped_by_itself_after_a_larger_one_was_freed() -> None:
    assert not _is_mapped()  # what glibc does alone
    assert _is_mapped("give")
