"""A fused view in a real window, with events of the mouse; its pixels against the arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtTest import QTest

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.fused import FusedView
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.app.hanging.protocol import fused_layout
from napari_medassist.core.case import Case

pytestmark = pytest.mark.gui


@pytest.fixture
def view(viewer: Any, bridge: Bridge, case: Case) -> Iterator[FusedView]:
    viewer.window._qt_window.resize(1200, 800)
    viewer.window._qt_window.show()
    linked = linked_views_of(bridge)
    linked.show(fused_layout(case))
    linked.show_crosshair(visible=False)
    QTest.qWait(60)
    (fused,) = linked.views
    yield fused
    linked.close()
