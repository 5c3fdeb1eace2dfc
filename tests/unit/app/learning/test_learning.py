"""From a list of labelled cases to a model of one's own, with an estimate at both levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.learning import estimate as estimates
from napari_medassist.app.learning import learn as learning
from napari_medassist.app.learning import wish as wishes
from napari_medassist.app.learning.cases import LearningCase, gather
from napari_medassist.app.learning.estimate import Row, folds_of
from napari_medassist.app.learning.learn import learn
from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.listing import listed
from napari_medassist.app.reading.readings import Reading, Readings
from napari_medassist.app.reading.worklist import Worklist, make_worklist
from napari_medassist.cli.main import main
from napari_medassist.core.errors import Cancelled, FileProblem, InvalidSetting
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.io.files import read_volume, write
from napari_medassist.models.registry import find_model
from napari_medassist.models.training.fine_tuning import FineTuning
from napari_medassist.models.tuned import lineage_of
from tests.phantoms import volume
from tests.unit.app.reading.cohort import write_image

ZONES, LESIONS = find_model("prostate-zones"), find_model("prostate-lesions")
SHAPE = (12, 60, 60)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        "napari_medassist.models.places.user_data_path", lambda _name: tmp_path / "home"
    )
    return tmp_path / "home" / "models"


def pelvis(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright box (peripheral zone) behind a darker one (transition zone)."""
    numbers = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    y, x = numbers.integers(16, 22, 2)
    labels[3:9, y : y + 12, x : x + 20] = 2
    labels[3:9, y + 12 : y + 20, x : x + 20] = 1
    values = np.array([300.0, 700.0, 180.0])[labels] + 20 * numbers.standard_normal(SHAPE)
    return values.astype(np.float32), labels


def written_cases(folder: Path, n: int = 3) -> Path:
    """Write images and labels, and return the table of them; the last case has no labels."""
    rows = ["case,path,labels,group"]
    (folder / "labels").mkdir(parents=True)
    for k in range(n):
        values, labels = pelvis(k)
        write_image(folder / f"c{k}" / "t2w.nii.gz", values)
        image = read_volume(folder / f"c{k}" / "t2w.nii.gz")
        write(LabelMap.on(image, labels, name="zones"), folder / "labels" / f"c{k}.nii.gz")
        named = f"labels/c{k}.nii.gz" if k < n - 1 else ""
        rows.append(f"c{k},c{k}/t2w.nii.gz,{named},patient{k}")
    table = folder / "cases.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table


def loose_case(name: str, group: str, *, labelled: bool = True) -> LearningCase:
    image = volume("t2w", name=name)
    drawn = LabelMap.on(image, np.zeros(image.array.shape, dtype=np.uint8), name="none")
    return LearningCase(name, {"t2w": image}, drawn if labelled else None, group)


# -------------------------------------------------------------------- lists


def test_a_table_is_read_and_the_case_without_labels_stays(tmp_path: Path) -> None:
    found = gather(written_cases(tmp_path), ZONES)
    assert [case.name for case in found.cases] == ["c0", "c1", "c2"]
    assert [case.labels is not None for case in found.cases] == [True, True, False]
    assert [case.group for case in found.cases] == ["patient0", "patient1", "patient2"]
    first, second, third = (case.labels_sha256 for case in found.cases)
    assert len(first) == 64
    assert first != second
    assert third == ""
    assert found.problems == ()


def test_a_case_that_cannot_be_used_is_told_and_the_others_stay(tmp_path: Path) -> None:
    table = written_cases(tmp_path)
    image = read_volume(tmp_path / "c0" / "t2w.nii.gz")
    strange = np.full(SHAPE, 9, dtype=np.uint8)
    write(LabelMap.on(image, strange, name="strange"), tmp_path / "labels" / "c0.nii.gz")
    (tmp_path / "labels" / "c1.nii.gz").unlink()
    found = gather(table, ZONES)
    assert [case.name for case in found.cases] == ["c2"]
    assert "c0: 'c0' holds 9, which 'prostate-zones' does not know" in found.problems[0]
    assert found.problems[1].startswith("c1: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("path\na\n", "no column 'labels'"),
        ("labels\na\n", "no column 'path'"),
        ("path,labels\n", "lists no case"),
        ("path,labels\nx/a.nii,\ny/a.nii,\n", "stand twice: a"),
        ("path,labels\n,b\n", "names no image"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    table = tmp_path / "t.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblem, match=told):
        gather(table, ZONES)


def read_worklist(folder: Path) -> Worklist:
    """A worklist whose reader Anna has done two of three cases."""
    written_cases(folder)
    for place in ("labels", "cases.csv"):
        (folder / place).rename(folder.parent / f"away-{place}")
    worklist = make_worklist(listed(folder), folder / "w.worklist.json")
    readings = Readings(folder / "readings")
    for k in range(2):
        image = read_volume(folder / f"c{k}" / "t2w.nii.gz")
        labels = pelvis(k)[1]
        zones = LabelScheme.from_names({1: "Peripheral zone", 2: "Transition zone"})
        maps = (
            LabelMap.on(image, labels, name="Zones", scheme=zones),
            LabelMap.on(
                image,
                (labels == 2).astype(np.uint8),
                name="Lesions",
                scheme=LabelScheme.from_names({1: "Lesion 1"}),
            ),
            LabelMap.on(  # what a model suggested is nobody's label
                image,
                (labels == 1).astype(np.uint8),
                name="suggestions",
                scheme=LabelScheme.from_names({1: "Candidate 1 (0.80)"}),
            ),
        )
        readings.save(Reading(f"c{k}", "Anna", maps))
        worklist.change(f"c{k}", "Anna", status=Status.DONE)
    return worklist


def test_of_a_worklist_what_is_done_counts_as_labelled(tmp_path: Path) -> None:
    worklist = read_worklist(tmp_path / "list")
    found = gather(worklist.path, ZONES, reader="Anna")
    assert found.problems == ()
    assert [case.labels.name if case.labels else None for case in found.cases] == [
        "Zones",
        "Zones",
        None,
    ]
    lesions = gather(worklist.path, LESIONS, reader="Anna")
    assert [c.labels.name if c.labels else None for c in lesions.cases] == ["Lesions", "Lesions", None]
    named = gather(worklist.path, LESIONS, reader="Anna", map_name="Zones")
    assert named.cases[0].labels is not None
    assert named.cases[0].labels.name == "Zones"
    wrong = gather(worklist.path, ZONES, reader="Anna", map_name="Other")
    assert (
        "No label map of the reading can be meant ('Zones', 'Lesions', 'suggestions')"
        in wrong.problems[0]
    )
    with pytest.raises(InvalidSetting, match="Whose readings"):
        gather(worklist.path, ZONES)
    with pytest.raises(InvalidSetting, match="'Ben' has set no case"):
        gather(worklist.path, ZONES, reader="Ben")
    assert worklist.readers_done() == ("Anna",)


# -------------------------------------------------------------------- holding out


def test_cases_of_one_patient_are_held_out_together() -> None:
    cases = [loose_case(f"c{k}", f"p{k // 2}") for k in range(8)]
    cases.append(loose_case("open", "p9", labelled=False))
    folds = folds_of(cases, 3, seed=0)
    assert len(folds) == 3
    assert sorted(k for fold in folds for k in fold) == list(range(8))
    for fold in folds:
        groups = {cases[k].group for k in fold}
        others = {cases[k].group for other in folds if other is not fold for k in other}
        assert not groups & others
    assert folds_of(cases, 10, seed=0) != folds
    assert len(folds_of(cases, 10, seed=0)) == 4
    assert folds_of(cases[:2], 5, seed=0) == ()
    assert folds_of(cases, 0, seed=0) == ()
    with pytest.raises(InvalidSetting, match="at least 2 parts"):
        folds_of(cases, 1, seed=0)


def test_what_is_surely_worse_is_said() -> None:
    worse = Row("Dice of X", before=0.8, after=0.6, low=-0.3, high=-0.1, n_cases=4, n_undefined=0)
    unsure = Row("Dice of X", before=0.8, after=0.7, low=-0.3, high=0.1, n_cases=4, n_undefined=1)
    assert estimates.Estimate((worse,), 2, 4).is_worse
    assert not estimates.Estimate((unsure,), 2, 4).is_worse
    assert "not defined in 1" in estimates.Estimate((unsure,), 2, 4).measured()[0].data


def test_a_model_is_estimated_on_what_it_did_not_learn_from(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = gather(written_cases(tmp_path, 4), ZONES).cases
    seen = []
    real = learning.fine_tune

    def spy(card, network, net, own, settings, **more):  # type: ignore[no-untyped-def]
        seen.append([case.name for case in own])
        return real(card, network, net, own, settings, **more)

    monkeypatch.setattr(learning, "fine_tune", spy)
    told = []
    learned = learn(
        ZONES,
        cases,
        "mine",
        settings=FineTuning(steps=2),
        n_folds=3,
        progress=lambda *parts: told.append(parts),
    )
    *held_out, everything = seen
    assert everything == ["c0", "c1", "c2", "c3"]
    assert sorted(sorted({"c0", "c1", "c2", "c3"} - set(kept))[0] for kept in held_out) == [
        "c0",
        "c1",
        "c2",
    ]
    assert all("c3" in kept for kept in held_out)  # nothing is labelled in it: pseudo-labels only
    assert learned.estimate is not None
    assert learned.estimate.n_cases == 3
    whats = [row.what for row in learned.estimate.rows]
    assert "Dice of Peripheral zone" in whats
    assert "lesion recall of Transition zone" in whats
    assert all(0 <= row.before <= 1 for row in learned.estimate.rows if "Dice" in row.what)
    assert [parts[0] for parts in told] == sorted(parts[0] for parts in told)
    assert told[-1][0] == told[-1][1]
    assert find_model("mine").quality == learned.estimate.measured()
    lineage = lineage_of("mine")
    assert [name for name, _ in lineage.cases] == ["c0", "c1", "c2", "c3"]
    assert lineage.settings["folds"] == 3
    assert lineage.base_sha256 == ZONES.network.weight_file(".safetensors").sha256  # type: ignore[union-attr]


def test_a_tuned_model_goes_on_learning_and_knows_its_root(tmp_path: Path, home: Path) -> None:
    cases = gather(written_cases(tmp_path, 2), ZONES).cases
    first = learn(ZONES, cases, "mine", settings=FineTuning(steps=1), n_folds=0)
    assert "not estimated: nobody asked" in first.warnings[0]
    again = learn("mine", cases, "mine", settings=FineTuning(steps=1))
    assert "fewer than two cases" in again.warnings[0]
    assert again.card.version == "2"
    lineage = lineage_of("mine")
    assert (lineage.base, lineage.base_version, lineage.root) == ("mine", "1", "prostate-zones")


def test_what_cannot_learn_says_so_and_a_stopped_run_keeps_nothing(tmp_path: Path, home: Path) -> None:
    cases = gather(written_cases(tmp_path), ZONES).cases
    with pytest.raises(InvalidSetting, match="'lungs-ct' cannot learn"):
        learn("lungs-ct", cases, "mine")
    with pytest.raises(InvalidSetting, match="already"):
        learn(ZONES, cases, "taps-prostate")

    def stop(done: int, _total: int, _message: str, /) -> None:
        if done == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        learn(ZONES, cases, "mine", settings=FineTuning(steps=1), n_folds=2, progress=stop)
    assert not home.exists()


def test_a_reference_on_another_grid_is_brought_to_the_image() -> None:
    image = volume("t2w", name="a")
    fine = image.geometry
    half = type(fine)(
        fine.shape_zyx,
        tuple(2 * s for s in fine.spacing_zyx_mm),  # type: ignore[arg-type]
        fine.origin_lps_mm,
        fine.direction_lps,
    )
    drawn = np.zeros(fine.shape_zyx, dtype=np.uint8)
    drawn[:2, :4, :4] = 1
    case = LearningCase("a", {"t2w": image}, LabelMap(drawn, half, name="coarse"), "a")
    reference, grid = estimates._reference(ZONES, case)
    assert grid.is_same_grid(fine)
    assert np.count_nonzero(reference) >= 6 * np.count_nonzero(drawn)


# -------------------------------------------------------------------- the command


def test_the_command_trains_lists_rolls_back_and_removes(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = written_cases(tmp_path)
    command = ["train", str(table), "--model", "prostate-zones", "--name", "mine", "--steps", "2"]
    assert main([*command, "--folds", "2", "--unlabelled", "segpl"]) == 0
    printed = capsys.readouterr().out
    assert "mine 1: " in printed
    assert "Dice of Peripheral zone: " in printed
    assert main([*command, "--folds", "0"]) == 1
    both = capsys.readouterr()
    assert "not estimated" in both.err
    assert "1 case(s) without labels were not used" in both.out
    assert main(["models", "list"]) == 0
    assert "mine 2" in capsys.readouterr().out
    assert main(["models", "rollback", "mine"]) == 0
    assert "version 1 is used now" in capsys.readouterr().out
    out = tmp_path / "out.nii.gz"
    assert main(["segment", str(tmp_path / "c0"), "--model", "mine", "--out", str(out)]) in (0, 1)
    assert "model mine 1" in capsys.readouterr().out
    assert main(["models", "remove", "mine"]) == 0
    assert main(["train", str(table), "--model", "taps-prostate", "--name", "x"]) == 2
    assert "cannot learn" in capsys.readouterr().err


def test_packages_that_are_missing_are_named_before_anything_is_read(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wishes, "find_spec", lambda name: None if name == "monai" else object())
    command = ["train", str(tmp_path / "none.csv"), "--model", "prostate-zones", "--name", "mine"]
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "monai must be installed" in told
    assert "napari-medassist[train]" in told


def test_a_case_that_is_done_without_a_lesion_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    worklist = read_worklist(folder)
    readings = Readings(folder / "readings")
    only_zones = readings.load("c0", "Anna")
    assert only_zones is not None
    for name, maps in (("c0", only_zones.maps[:1]), ("c1", ())):
        readings.save(Reading(name, "Anna", maps))
    found = gather(worklist.path, LESIONS, reader="Anna")
    assert found.problems == ()
    for case in found.cases[:2]:
        assert case.labels is not None
        assert not np.asarray(case.labels.array).any()
    unnamed = only_zones.maps[0].with_changes(scheme=LabelScheme(), name="Labels")
    readings.save(Reading("c0", "Anna", (unnamed,)))
    told = gather(worklist.path, LESIONS, reader="Anna").problems
    assert "can be meant ('Labels')" in told[0], "what it is must not be guessed"
