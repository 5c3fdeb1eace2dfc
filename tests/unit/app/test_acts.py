from __future__ import annotations

import gc

import pytest

from napari_medassist.app.acts import Act, Acts
from napari_medassist.core.errors import InvalidSetting


class Panel:
    def measure(self, what: str) -> str:
        return f"measured {what}"


def test_an_act_is_done_by_whoever_offers_it_and_keeps_nobody_alive() -> None:
    acts, panel = Acts(), Panel()
    with pytest.raises(InvalidSetting, match="Nothing here can measure"):
        acts.ask(Act.MEASURE, "Distance")
    acts.offer(Act.MEASURE, panel.measure)
    assert acts.ask(Act.MEASURE, "Distance") == "measured Distance"
    del panel
    gc.collect()
    with pytest.raises(InvalidSetting):
        acts.ask(Act.MEASURE, "Distance")
