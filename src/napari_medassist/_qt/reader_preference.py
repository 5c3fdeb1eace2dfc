"""Which plugin napari opens a dropped file with: asked at every drop, unless someone settles it."""

from __future__ import annotations

import os

from napari.settings import get_settings

PLUGIN = "napari-medassist"
#: What napari's own reader claims too, so that napari would ask. The last one stands for folders; one
#: without medical images still goes to napari's reader.
PATTERNS = (
    *("*.nii", "*.nii.gz", "*.nrrd", "*.mha", "*.mhd", "*.dcm", "*.ima", "*.mp4", "*.avi", "*.mov"),
    f"*{os.sep}",
)


def is_settled() -> bool:
    """Tell whether the user has a preference for each kind of file and for folders."""
    preferred = get_settings().plugins.extension2reader
    return all(pattern in preferred for pattern in PATTERNS)


def prefer_medassist() -> None:
    """Make MedAssist the reader of medical files and folders; shown in napari's preferences.

    Preferences that the user already has are left as they are.
    """
    settings = get_settings().plugins
    ours = dict.fromkeys(PATTERNS, PLUGIN)
    settings.extension2reader = {**ours, **settings.extension2reader}
