"""Lets go what napari keeps of lists that are gone: a slice of ``viewer.layers`` leaves relays behind.

napari gives every ``LayerList`` a context for its menus, a slice of one too, and connects it to the
context of the list it was cut from (napari 0.9, app-model 0.5). Nothing ever disconnects it, and
psygnal 0.16 remembers the signature of each such relay, and with it the relay, for good. napari itself
cuts such a slice whenever the mouse moves while no layer, or more than one, is selected: 8 KB
each time, and a relay more that is called at each change of the selection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance, _signal

if TYPE_CHECKING:
    from napari.components import ViewerModel


def forget_stale_contexts(viewer: ViewerModel) -> int:
    """Disconnect the relays to contexts that no longer exist; return how many it were.

    Parameters
    ----------
    viewer
        The viewer; the contexts above that of its layers are looked through too.
    """
    context = getattr(viewer.layers, "_ctx", None)
    above = getattr(context, "maps", ())
    signals = [getattr(n, "changed", None) for n in (context, *above)]
    n_stale = sum(_forget(signal) for signal in signals if signal is not None)
    remembered: Any = getattr(_signal, "_stub_sig", None)
    if hasattr(remembered, "cache_clear"):
        remembered.cache_clear()  # worked out anew when it is next needed
    return n_stale


def _forget(signal: Any) -> int:
    calls = [slot.dereference() for slot in tuple(getattr(signal, "_slots", ()))]
    stale = [call for call in calls if _leads_nowhere(call)]
    for call in stale:
        signal.disconnect(call, missing_ok=True)
    return len(stale)


def _leads_nowhere(call: Any) -> bool:
    """Tell whether a slot only passes on to a signal whose owner is gone."""
    relay = getattr(call, "__self__", None)
    return isinstance(relay, SignalInstance) and relay.instance is None
