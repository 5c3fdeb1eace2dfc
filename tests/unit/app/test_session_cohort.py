from __future__ import annotations

from typing import Any

from psygnal import Signal

from napari_medassist.app.convention_choice import changed
from napari_medassist.app.session import Session
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from tests.phantoms import volume


class Cohort:
    """What the session asks of a cohort browser."""

    convention_changed = Signal(object)
    work_ready = Signal(object)

    def __init__(self) -> None:
        self.convention = MEDASSIST

    def set_convention(self, convention: Any) -> str:
        self.convention = convention
        self.convention_changed.emit(convention)
        return f"judge {convention.name}"


def test_session_and_cohort_share_one_convention() -> None:
    session, cohort = Session(), Cohort()
    told: list[Any] = []
    work: list[Any] = []
    cohort.convention = preset("picai")
    session.set_cohort(cohort)  # type: ignore[arg-type]
    assert session.convention.name == "picai"
    session.convention_changed.connect(told.append)
    cohort.work_ready.connect(work.append)
    strict = changed(session.convention, matching={"threshold_reference": 0.5})
    session.set_convention(strict)
    assert cohort.convention == strict
    assert (told, work) == ([strict], ["judge picai (changed)"])
    cohort.set_convention(MEDASSIST)
    assert session.convention == MEDASSIST
    assert told == [strict, MEDASSIST]
    session.set_cohort(None)
    cohort.set_convention(preset("luna16"))
    assert session.convention == MEDASSIST


def test_a_label_map_called_zones_tells_the_zones() -> None:
    session, image = Session(), volume()
    reference = LabelMap.on(image, name="reference")
    zones = LabelMap.on(image, name="case1_zones")
    elsewhere = LabelMap.on(volume(origin_lps_mm=(0.0, 0.0, 0.0)), name="other zones")
    session.add(Case("c", (image,), (reference, elsewhere, zones)))
    assert session.zones_on(reference) is zones
    assert session.zones_on(zones) is None
