"""A real viewer with the bridge and the dock, and a phantom case in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from tests.phantoms import oblique_case


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither read nor change what the user's own windows remember."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer()


@pytest.fixture
def bridge(viewer: Any) -> Any:
    from napari_medassist._qt.bridge import bridge_of

    return bridge_of(viewer)


@pytest.fixture
def case(bridge: Any) -> Case:
    """The oblique phantom case, open in the viewer."""
    opened = oblique_case()
    bridge.add_layer_data(case_layers(opened))
    return opened
