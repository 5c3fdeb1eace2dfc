"""What lives as long as the window has no more listeners after many cases than after a few."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

import pytest
from napari.utils.events import EmitterGroup, EventEmitter
from psygnal import SignalInstance

from napari_medassist._qt.stale_contexts import forget_stale_contexts
from napari_medassist.app.layer_data import case_layers
from tests.phantoms import oblique_case

pytestmark = pytest.mark.gui


def n_relays(viewer: Any) -> int:
    return len(viewer.layers._ctx.changed)


def n_signals() -> int:
    return sum(isinstance(found, SignalInstance) for found in gc.get_objects())


def test_a_slice_of_naparis_layers_leaves_nothing_behind(viewer: Any) -> None:
    relays, signals = n_relays(viewer), n_signals()
    for _ in range(10):
        viewer.layers[::-1]  # as napari does for its status line
    gc.collect()
    assert n_relays(viewer) >= relays + 10  # else napari has mended it, and this can go
    assert forget_stale_contexts(viewer) >= 10
    gc.collect()
    assert n_relays(viewer) == relays
    assert n_signals() <= signals


def test_a_closed_case_lets_go_of_them(viewer: Any, bridge: Any, case: Any) -> None:
    relays = n_relays(viewer)
    for _ in range(10):
        viewer.layers[::-1]
    gc.collect()
    bridge.close_case()
    assert n_relays(viewer) < relays + 10


def test_relays_to_living_contexts_stay(viewer: Any) -> None:
    kept = viewer.layers[::-1]
    gc.collect()
    forget_stale_contexts(viewer)
    told: list[Any] = []
    kept._ctx.changed.connect(told.append)
    viewer.layers._ctx["num_layers"] = 77
    assert told


def test_ten_cases_leave_no_more_listeners_than_four(viewer: Any, bridge: Any) -> None:
    seen = []
    for number in range(10):
        if number % 2:
            bridge.replace_case(oblique_case())
        else:
            bridge.close_case()
            bridge.add_layer_data(case_layers(oblique_case()))
        if number in (3, 9):
            seen.append(listeners(viewer, bridge))
    after_four, after_ten = seen
    assert after_ten - after_four == Counter()


def listeners(viewer: Any, bridge: Any) -> Counter[str]:
    """Return how many slots the emitters of long life have."""
    gc.collect()
    forget_stale_contexts(viewer)
    found: Counter[str] = Counter()
    for name, owner in (
        ("layers", viewer.layers.events),
        ("dims", viewer.dims.events),
        ("camera", viewer.scene.camera.events),
        ("selection", viewer.layers.selection.events),
    ):
        assert isinstance(owner, EmitterGroup)
        emitters = [owner, *owner.emitters.values()]
        found[name] = sum(len(n.callbacks) for n in emitters if isinstance(n, EventEmitter))
    for signals in (bridge, bridge.session, bridge.verdicts, bridge.recorder.recording):
        for name in type(signals).__dict__:
            signal = getattr(signals, name)
            if isinstance(signal, SignalInstance):
                found[f"{type(signals).__name__}.{name}"] = len(signal)
    found["contexts"] = n_relays(viewer)
    return found
