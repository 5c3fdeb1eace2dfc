from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.headline import headline
from napari_medassist.app.inspection import describe
from napari_medassist.app.jobs import Generation, Job
from napari_medassist.app.layer_data import link_of
from napari_medassist.app.session import Session
from napari_medassist.core.case import Case
from napari_medassist.core.errors import Cancelled, GeometryMismatch
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from tests.phantoms import oblique_case, volume


def _two_maps() -> tuple[LabelMap, LabelMap]:
    t2w = volume()
    reference = np.zeros(t2w.geometry.shape_zyx, dtype=np.uint8)
    reference[1:4, 2:8, 2:8] = 1
    reference[1:3, 14:16, 14:16] = 1
    prediction = np.zeros_like(reference)
    prediction[1:4, 2:8, 2:8] = 1
    return LabelMap.on(t2w, reference, name="R"), LabelMap.on(t2w, prediction, name="P")


def test_later_images_join_the_open_case_in_its_frame() -> None:
    session = Session()
    seen = []
    session.case_changed.connect(seen.append)
    first, second = oblique_case(), Case("more", (volume("other", frame_of_reference_uid="9"),))
    session.add(first)
    frame = session.frame
    session.add(second)
    assert session.frame == frame
    assert link_of(session.layers_of(second)[0][1]["metadata"]).frame == frame
    assert len(seen) == 2
    assert seen[-1].series == (*first.series, *second.series)
    assert "frame of reference" in seen[-1].warnings[0]


def test_one_warning_for_a_study_of_another_place() -> None:
    session = Session()
    session.add(oblique_case())
    session.add(
        Case("later", tuple(volume(role, frame_of_reference_uid="9") for role in ("t2w", "adc")))
    )
    (warning,) = session.case.warnings
    assert "2 image(s) of 'later'" in warning


@pytest.mark.parametrize(
    "first",
    [
        Case("clip", (VideoClip(np.zeros((2, 4, 5), dtype=np.uint8), (0.0, 0.1)),)),
        Case("labels", labels=(LabelMap.on(volume()),)),
    ],
    ids=lambda case: case.name,
)
def test_a_study_opened_later_is_drawn_along_its_own_axes(first: Case) -> None:
    """Else its T2w would be shown resampled, and could not be painted on."""
    session, study = Session(), oblique_case()
    session.add(first)
    layers = session.layers_of(study)
    session.add(study)
    assert session.frame == link_of(layers[-1][1]["metadata"]).frame
    assert session.can_paint_on(study.by_role("t2w"))
    assert not link_of(layers[-1][1]["metadata"]).resampled
    assert session.case.name == "phantom"


def test_label_maps_alone_keep_their_voxels() -> None:
    labels = LabelMap.on(oblique_case().by_role("t2w"))
    ((_, options, _),) = Session().layers_of(Case("labels", labels=(labels,)))
    assert not link_of(options["metadata"]).resampled


def test_compare_emits_both_levels_and_coloured_verdicts() -> None:
    session = Session()
    shown = []
    session.comparison_changed.connect(shown.append)
    compared = session.compare(*_two_maps())
    assert shown == [compared]
    assert (compared.evaluation.tp_reference, compared.evaluation.fn) == (1, 1)
    assert set(np.unique(compared.verdicts.array)) == {0, 1, 2}
    assert headline(compared.evaluation) == "Dice 0.96, but 1 of 2 lesions missed."


def test_compare_never_resamples() -> None:
    reference, _ = _two_maps()
    other = LabelMap.on(volume(origin_lps_mm=(0.0, 0.0, 0.0)))
    with pytest.raises(GeometryMismatch):
        Session().compare(reference, other)


def test_headline_of_a_clean_and_of_an_empty_pair() -> None:
    _, prediction = _two_maps()
    session = Session()
    assert "no lesion is missed" in headline(session.compare(prediction, prediction).evaluation)
    empty = LabelMap.on(volume())
    assert "empty" in headline(session.compare(empty, empty).evaluation)


def test_cancelled_job_stops_at_its_next_report() -> None:
    reports = []
    job = Job(lambda *report: reports.append(report))
    job.progress(1, 2, "one")
    job.cancel()
    with pytest.raises(Cancelled):
        job.progress(2, 2, "two")
    assert reports == [(1, 2, "one")]


def test_late_answers_are_recognised() -> None:
    requests = Generation()
    first = requests.next()
    second = requests.next()
    assert not requests.is_current(first)
    assert requests.is_current(second)


def test_description_joins_the_b_values_of_a_series() -> None:
    images = [
        volume("dwi", b_value_s_mm2=float(b), series_uid="1.2.3", series_number=6)
        for b in (800, 50, 400)
    ]
    clip = VideoClip(np.zeros((2, 4, 5), dtype=np.uint8), (0.0, 0.1))
    found = describe(Case("c", (volume("t2w"), *images, clip), (LabelMap.on(volume()),)))
    assert [entry["role"] for entry in found["series"]] == ["t2w", "dwi", "us", "label"]
    assert found["series"][1]["b_values"] == [50, 400, 800]
    assert found["series"][0]["shape_zyx"] == [6, 20, 24]
    assert found["series"][2]["n_timepoints"] == 2
