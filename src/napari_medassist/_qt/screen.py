"""Whether a window can be shown at all: asked first, since Qt ends the process where it cannot."""

from __future__ import annotations

import os
import sys

from napari_medassist.core.errors import MedAssistError


def require_screen() -> None:
    """Raise unless a window can be opened.

    Raises
    ------
    MedAssistError
        If Qt is not installed, or there is no display to draw on.
    """
    try:
        import qtpy.QtWidgets  # noqa: F401 - asked whether it is there
    except ImportError as error:
        raise MedAssistError(
            "No window can be opened: no binding of Qt is installed.",
            cure="Install one: pip install 'napari-medassist[pyqt6]'.",
        ) from error
    needs_display = sys.platform.startswith("linux") and "QT_QPA_PLATFORM" not in os.environ
    if needs_display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise MedAssistError(
            "No window can be opened: this machine has no screen.",
            cure="Use 'napari-medassist inspect' and 'evaluate' here, or start it through 'xvfb-run'.",
        )
