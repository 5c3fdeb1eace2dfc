"""Errors of ours become one message in napari; anything else is a fault and passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from napari.utils.notifications import show_error, show_info

from napari_medassist.core.errors import Cancelled, MedAssistError

P = ParamSpec("P")


def shows_errors(slot: Callable[P, None]) -> Callable[P, None]:
    """Make a slot show our errors instead of raising them."""

    @wraps(slot)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            slot(*args, **kwargs)
        except Cancelled as stopped:
            show_info(str(stopped))
        except MedAssistError as error:
            show_error(str(error))

    return guarded


def show_failure(error: BaseException) -> None:
    """Show why work in a thread failed; what is a fault of ours is raised, for napari to show."""
    if not isinstance(error, MedAssistError):
        raise error
    show_error(str(error))
