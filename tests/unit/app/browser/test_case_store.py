"""Opening cases: what is there is read once, what is wrong is told, memory stays bounded."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.app.browser import case_store
from napari_medassist.app.browser.case_files import ImageIndex
from napari_medassist.app.browser.case_store import CaseStore
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.core.errors import Cancelled
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap
from tests.dicom_phantom import write_series
from tests.unit.app.browser.small_cohorts import sources_on_disk
from tests.unit.app.cohort.cohorts import save

SHAPE_XYZ = (20, 18, 6)
N_BYTES = 20 * 18 * 6


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, tuple[FilePair, ...]]:
    sources = sources_on_disk(tmp_path, ("ai", "second"))
    return sources.pairs()


@pytest.fixture
def images(tmp_path: Path) -> ImageIndex:
    rng = np.random.default_rng(0)
    for number in range(4):
        for role in ("t2w", "adc"):
            values = rng.normal(500, 100, SHAPE_XYZ).astype(np.int16)
            save(tmp_path / "images" / f"case_{number:04}_{role}.nii.gz", values)
    return ImageIndex.of(tmp_path / "images")


def test_a_case_opens_with_images_reference_and_prediction_on_their_grids(pairs, images) -> None:
    opened = CaseStore(pairs, images=images).load("ai", "case_0000")
    assert opened.problems == ()
    assert [series.role for series in opened.images.series] == ["t2w", "adc"]
    assert isinstance(opened.prediction, LabelMap)
    assert opened.can_be_compared
    for image in (*opened.images.volumes(), opened.reference, opened.prediction):
        assert image.geometry.shape_zyx == (6, 18, 20)
        assert image.geometry.is_same_grid(opened.reference.geometry)
    case = opened.case
    assert case.name == "case_0000"
    assert [labels.name for labels in case.labels] == ["Reference", "Prediction"]
    assert opened.n_bytes == 2 * 2 * N_BYTES + 2 * N_BYTES


def test_label_maps_open_without_images(pairs) -> None:
    opened = CaseStore(pairs).load("ai", "case_0003")
    assert opened.images.series == ()
    assert len(opened.case.labels) == 2
    assert opened.case.reference_grid() is opened.reference


def test_what_is_wrong_is_told_and_the_rest_is_there(pairs, tmp_path: Path) -> None:
    store = CaseStore(pairs)
    broken = store.load("ai", "case_0002")
    assert broken.reference is not None
    assert broken.prediction is None
    assert not broken.can_be_compared
    assert broken.problems[0].startswith("Prediction: ")
    assert broken.case.warnings == broken.problems
    unknown = store.load("ai", "nobody")
    assert len(unknown.problems) == 2
    assert "no reference file is called 'nobody'" in unknown.problems[0]


def test_another_model_reads_its_prediction_only(pairs, images, monkeypatch) -> None:
    read: list[Any] = []
    for name in ("read_together", "read_labels"):
        original = getattr(case_store, name)

        def counting(path, *args, original=original, **options):
            read.append(path)
            return original(path, *args, **options)

        monkeypatch.setattr(case_store, name, counting)
    store = CaseStore(pairs, images=images)
    first = store.load("ai", "case_0000")
    assert len(read) == 3
    second = store.load("second", "case_0000")
    assert [path.parent.name for path in read[3:]] == ["second"]
    assert second.reference is first.reference
    assert store.load("ai", "case_0000").images.series[0] is first.images.series[0]
    assert len(read) == 4


def test_maps_of_confidences_are_opened_as_such(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(SHAPE_XYZ).astype(np.float32)
    save(tmp_path / "ref" / "a.nii.gz", (values > 0.9).astype(np.uint8))
    save(tmp_path / "maps" / "a.nii.gz", values)
    pairs = {"ai": pair_files(tmp_path / "ref", tmp_path / "maps").pairs}
    probability = CaseStore(pairs, kind="probability").load("ai", "a")
    assert isinstance(probability.prediction, ProbabilityMap)
    assert len(probability.case.labels) == 1
    assert isinstance(CaseStore(pairs, kind="detection").load("ai", "a").prediction, DetectionMap)
    assert CaseStore(pairs).load("ai", "a").prediction is None  # fractional values are no labels


def test_an_image_that_cannot_be_read_is_told_and_the_others_open(pairs, images, tmp_path) -> None:
    (tmp_path / "images" / "case_0000_adc.nii.gz").write_bytes(b"torn")
    opened = CaseStore(pairs, images=ImageIndex.of(tmp_path / "images")).load("ai", "case_0000")
    assert [series.role for series in opened.images.series] == ["t2w"]
    assert any("adc" in warning for warning in opened.case.warnings)


def test_nobody_reads_a_patients_name(pairs, tmp_path: Path) -> None:
    folder = tmp_path / "dicom" / "case_0000"
    geometry = Geometry((4, 12, 10), (3.0, 0.5, 0.5))
    write_series(folder, np.arange(480, dtype=np.int16).reshape(4, 12, 10), geometry)
    (folder / "torn.dcm").write_bytes(b"torn")
    opened = CaseStore(pairs, images=ImageIndex.of(tmp_path / "dicom")).load("ai", "case_0000")
    assert len(opened.images.series) == 1
    case = opened.case
    told = [opened.name, case.name, *case.warnings, *opened.problems]
    told += [series.name for series in case.series]
    assert "secret" not in " ".join(told).lower()


def test_zones_come_from_the_pairs_or_from_their_folder(tmp_path: Path, pairs) -> None:
    values = np.ones(SHAPE_XYZ, dtype=np.uint8)
    path = save(tmp_path / "zones" / "case_0000.nii.gz", values)
    opened = CaseStore(pairs, zones={"case_0000": (path,)}).load("ai", "case_0000")
    assert opened.zones is not None
    assert [labels.name for labels in opened.case.labels][-1] == "Zones"
    pair = pairs["ai"][0]
    own = FilePair(pair.case, pair.reference, pair.prediction, zones=(path,))
    assert CaseStore({"ai": [own]}).load("ai", pair.case).zones is not None


def test_memory_stays_within_the_budget(pairs, images) -> None:
    one_case = 2 * 2 * N_BYTES + 2 * N_BYTES
    store = CaseStore(pairs, images=images, budget_mb=2.5 * one_case / 1e6)
    for number in (0, 3, 1, 0, 3):
        store.load("ai", f"case_{number:04}")
        assert store.n_bytes <= store.budget_bytes
    assert store.is_loaded("ai", "case_0003")
    assert store.is_loaded("ai", "case_0000")
    assert not store.is_loaded("ai", "case_0001")
    store.forget()
    assert store.n_bytes == 0


def test_a_case_larger_than_the_budget_opens_all_the_same(pairs, images) -> None:
    store = CaseStore(pairs, images=images, budget_mb=0.001)
    assert store.load("ai", "case_0000").can_be_compared
    assert store.n_bytes <= 2 * 2 * N_BYTES


def test_reading_ahead_keeps_to_the_budget_and_stops_when_asked(pairs) -> None:
    store = CaseStore(pairs, budget_mb=2 * 2.2 * N_BYTES / 1e6)
    names = ["case_0000", "case_0003", "case_0004", "case_0005"]
    assert store.preload("ai", names) == 2
    assert store.is_loaded("ai", "case_0000")  # the open case stays
    assert store.n_bytes <= store.budget_bytes

    def stop(_done: int, _total: int, _message: str, /) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        store.preload("ai", names, stop)


def test_two_threads_that_want_the_same_case_read_it_once(pairs, monkeypatch) -> None:
    original, n_read = case_store.read_labels, []

    def slow(path):
        n_read.append(path)
        time.sleep(0.05)
        return original(path)

    monkeypatch.setattr(case_store, "read_labels", slow)
    store, found = CaseStore(pairs), []
    threads = [
        threading.Thread(target=lambda: found.append(store.load("ai", "case_0004"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(n_read) == 2
    assert len({id(opened.reference) for opened in found}) == 1


def test_threads_that_load_forget_and_count_do_not_disturb_each_other(pairs) -> None:
    store, errors = CaseStore(pairs, budget_mb=0.006), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        try:
            for _ in range(25):
                number = int(rng.choice([0, 3, 4, 5, 6]))
                opened = store.load("ai", f"case_{number:04}")
                assert opened.can_be_compared
                assert store.n_bytes <= store.budget_bytes + 4 * 2 * N_BYTES
        except BaseException as error:  # noqa: BLE001  told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_a_load_that_was_stopped_is_begun_anew_by_who_waited(pairs, images, monkeypatch) -> None:
    original = case_store.read_together
    store, begun = CaseStore(pairs, images=images), threading.Event()

    def stopped_once(paths, name, *, progress):
        if not begun.is_set():
            begun.set()
            time.sleep(0.1)
            raise Cancelled("stop")
        return original(paths, name, progress=progress)

    monkeypatch.setattr(case_store, "read_together", stopped_once)
    ended: list[BaseException] = []

    def first() -> None:
        try:
            store.load("ai", "case_0000")
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(5)
    assert len(store.load("ai", "case_0000").images.series) == 2
    thread.join(5)
    assert len(ended) == 1
