"""Which models fit a case, which images they take, and the command line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.app import segmenting
from napari_medassist.app.samples import sample_label_maps, sample_path, sample_study
from napari_medassist.app.segmenting import inputs_of, misfit, offered_models, preferred_images, segment
from napari_medassist.cli.main import main
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, InvalidImage, TooLarge
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Modality
from napari_medassist.io.files import read, read_labels, read_volume
from napari_medassist.models.registry import find_model
from tests.phantoms import oblique_case, volume


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def test_models_that_fit_come_first_and_the_others_say_why() -> None:
    offered = offered_models(oblique_case())
    names = [o.card.name for o in offered]
    assert names[0] == "prostate-zones"
    (lungs,) = (o for o in offered if o.card.name == "lungs-ct")
    assert "no ct" in lungs.misfit
    assert names.index("lungs-ct") > names.index("taps-prostate")
    assert all(o.misfit for o in offered_models(None))


def test_of_two_images_of_a_role_the_preferred_one_is_taken() -> None:
    first, second = volume("t2w", name="first"), volume("t2w", name="second")
    case, card = Case("two", (first, second)), find_model("prostate-zones")
    assert inputs_of(card, case)[0]["t2w"] is first
    assert inputs_of(card, case, (second,))[0]["t2w"] is second


def test_of_several_inputs_those_that_were_aligned_last_are_taken_and_this_is_told() -> None:
    card = find_model("prostate-lesions")
    t2w, adc, high = volume("t2w"), volume("adc", name="adc"), volume("high-b", name="b 1400")
    once, again = (
        replace(adc, name=name, provenance=Provenance(made_by=f"registration {method}"))
        for name, method in (("adc", "rigid"), ("adc again", "deformable"))
    )
    found, told = inputs_of(card, Case("aligned", (t2w, adc, high, once, again)))
    assert found["adc"] is again
    assert found["t2w"] is t2w
    assert found["high-b"] is high
    assert told == ("'adc again' is taken as adc as it was aligned.",)
    assert inputs_of(card, Case("aligned", (t2w, adc, once)), (adc,))[0]["adc"] is adc
    # A model of one image has nothing that it must lie on.
    moved = replace(t2w, provenance=once.provenance)
    assert inputs_of(find_model("prostate-zones"), Case("a", (t2w, moved)))[0]["t2w"] is t2w


def test_the_only_image_of_a_file_is_taken_whatever_its_role_and_this_is_told() -> None:
    image = volume("other", name="scan")
    found, told = inputs_of(find_model("prostate-zones"), Case("file", (image,)), (image,))
    assert found["t2w"] is image
    assert "'scan' is taken as t2w" in told[0]


def test_a_selected_image_is_taken_where_the_case_has_none_of_the_role() -> None:
    card = find_model("prostate-zones")
    other, t2w, adc = volume("other", name="scan"), volume("t2w"), volume("adc")
    unknown, whole = Case("a", (other,)), Case("b", (t2w, adc))
    assert misfit(card, unknown)
    assert not misfit(card, unknown, other)
    assert preferred_images(card, unknown, other) == (other,)
    assert preferred_images(card, whole, adc) == ()  # the T2w is there
    assert preferred_images(card, whole, t2w) == (t2w,)
    ct = volume("other", modality=Modality.CT)
    assert preferred_images(card, Case("c", (ct,)), ct) == ()


def test_an_image_of_another_kind_is_not_taken_by_itself() -> None:
    image = volume("t2w", modality=Modality.CT)
    with pytest.raises(InvalidImage, match="needs t2w"):
        inputs_of(find_model("prostate-zones"), Case("ct", (image,)))
    assert image.acquisition != Acquisition()


def test_too_little_memory_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmenting, "free_memory_mb", lambda: 100.0)
    with pytest.raises(TooLarge, match="100 MB are free"):
        segment(oblique_case(), "prostate-zones")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_more: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_bundled_models_run_without_a_network(no_network: None) -> None:
    made = segment(read(sample_study()), "prostate-zones")
    assert set(made.labels.values()) <= {1, 2}
    assert made.labels.provenance.made_by.startswith("model prostate-zones")
    assert made.probability is not None
    assert made.grid is not None
    assert made.probability.shape[1:] == made.grid.shape_zyx


def test_the_zones_of_the_simulated_prostate_are_found() -> None:
    """Made by other rules than the images that it learned from: a look from outside."""
    case = read(sample_study())
    made = segment(case, "prostate-zones")
    truth = np.asarray(read_labels(sample_label_maps("mpmr")["zones"]).array)
    found = np.asarray(made.labels.array)
    assert dice(found > 0, truth > 0) > 0.7


def test_the_lesion_of_the_simulated_prostate_is_suggested_first() -> None:
    """Made by other rules than the studies that it learned from: a look from outside."""
    case = read(sample_study())
    made = segment(case, "prostate-lesions")
    truth = np.asarray(read_labels(sample_label_maps("mpmr")["reference"]).array) > 0
    found = np.asarray(made.labels.array)
    assert made.confidences is not None
    assert found.max() == len(made.confidences)
    assert np.count_nonzero((found == 1) & truth) > 0.5 * np.count_nonzero(found == 1)
    assert made.lesion_probability is not None
    assert made.lesion_probability.geometry == made.labels.geometry
    assert "prostate-zones" in made.seconds  # beyond the gland nothing is suggested


def test_lesions_are_looked_for_on_the_images_that_are_there() -> None:
    case = read(sample_study())
    card = find_model("prostate-lesions")
    adc, high_b = case.by_role("adc"), case.by_role("high-b")
    made = segment(Case("two", (adc, high_b)), card)
    assert made.labels.geometry == adc.geometry
    assert any("There is no t2w" in told for told in made.warnings)
    assert any("looked for everywhere" in told for told in made.warnings) == bool(made.confidences)
    assert misfit(card, Case("one", (volume("dce"),)))
    assert not misfit(card, Case("one", (adc,)))


# ---------------------------------------------------------------- command line


def run(*arguments: str | Path) -> int:
    return main([str(a) for a in arguments])


def test_lungs_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lungs.nii.gz"
    assert run("segment", sample_path("ct"), "--model", "lungs-ct", "--out", out) == 1  # with warnings
    told = capsys.readouterr()
    assert "Left lung" in told.out
    assert "does not say whether it is CT" in told.err
    found = np.asarray(read_labels(out).array)
    truth = np.asarray(read_labels(sample_label_maps("ct")["lungs"]).array)
    assert dice((found == 1) | (found == 2), truth > 0) > 0.95
    right, left = truth == 1, truth == 2
    assert np.count_nonzero((found == 1) & right) < 0.01 * np.count_nonzero(right)
    assert np.count_nonzero((found == 2) & left) < 0.01 * np.count_nonzero(left)


def test_an_unknown_model_and_missing_weights_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    out = tmp_path / "out.nii.gz"
    assert run("segment", sample_path("ct"), "--model", "lung", "--out", out) == 2
    assert "lungs-ct" in capsys.readouterr().err
    assert run("segment", sample_study(), "--model", "taps-prostate", "--out", out) == 2
    assert "models install taps-prostate" in capsys.readouterr().err
    assert not out.exists()


def test_a_run_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.nii.gz"
    command = [sys.executable, "-m", "napari_medassist.cli.main", "segment", str(sample_path("ct"))]
    options = ["--model", "lungs-ct", "--out", str(out)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    n_killed = 0
    for delay_s in (0.4, 0.9, 1.4):  # while it starts, reads and computes
        process = subprocess.Popen([*command, *options], env=environment)
        try:
            process.wait(timeout=delay_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            n_killed += 1
        if out.exists():  # it was faster: then the file is whole
            assert read_labels(out).values()
            out.unlink()
        assert list(tmp_path.iterdir()) == []
    assert n_killed


def test_two_runs_at_once_give_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "napari_medassist.cli.main", "segment", str(sample_study())]
    outs = [tmp_path / f"{n}.nii.gz" for n in range(2)]
    runs = [
        subprocess.Popen([*command, "--model", "prostate-zones", "--out", str(out), "--quiet"])
        for out in outs
    ]
    assert all(process.wait(timeout=120) in (0, 1) for process in runs)
    first, second = (np.asarray(read_labels(out).array) for out in outs)
    np.testing.assert_array_equal(first, second)


def test_the_uncertainty_is_written_on_the_grid_of_the_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, doubt = tmp_path / "zones.nii.gz", tmp_path / "doubt.nii.gz"
    model = ("--model", "prostate-zones", "--out", out)
    assert run("segment", sample_study(), *model, "--uncertainty", doubt) in (0, 1)
    image = read_volume(doubt)
    assert image.geometry.is_same_grid(read_labels(out).geometry)
    values = np.asarray(image.array)
    assert 0 <= values.min() < 0.1
    assert 0.5 < values.max() <= 1
    lungs = ("--model", "lungs-ct", "--out", tmp_path / "lungs.nii.gz")
    assert run("segment", sample_path("ct"), *lungs, "--uncertainty", tmp_path / "no.nii.gz") == 2
    assert "no network" in capsys.readouterr().err
    out.unlink()
    assert run("segment", sample_study(), *model, "--uncertainty", tmp_path / "doubt.png") == 2
    assert not out.exists()


def test_several_cases_go_into_a_folder_and_a_bad_one_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"no image")
    out = tmp_path / "out"
    paths = (sample_path("ct"), bad)
    assert run("segment", *paths, "--model", "lungs-ct", "--out", out, "--quiet") == 1
    told = capsys.readouterr().err
    assert "bad.nii.gz" in told
    assert "1 of 2 could not be segmented" in told
    assert [path.name for path in out.iterdir()] == ["simulated-ct.nii.gz"]
    for more in (
        ("--out", tmp_path / "one.nii.gz"),
        ("--out", out, "--uncertainty", tmp_path / "u.nrrd"),
    ):
        assert run("segment", *paths, "--model", "lungs-ct", *more) == 2
    assert run("segment", paths[0], paths[0], "--model", "lungs-ct", "--out", out) == 2
    assert "Several cases are called simulated-ct" in capsys.readouterr().err


def test_models_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "list") == 0
    listed = capsys.readouterr().out
    assert "prostate-zones" in listed
    assert "taps-prostate" in listed
    assert run("models", "show", "prostate-zones") == 0
    assert "CC BY-NC 4.0" in capsys.readouterr().out


def test_installing_a_bundled_model_checks_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "install", "prostate-zones") == 0
    assert capsys.readouterr().out.count("checked, ready") == 2
    assert run("models", "install", "lungs-ct") == 0
    assert "no weights" in capsys.readouterr().out


def test_a_damaged_file_of_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: tmp_path)
    folder = tmp_path / "models" / "taps-prostate"
    folder.mkdir(parents=True)
    (folder / "model_v1.onnx").write_bytes(b"another network")
    assert run("segment", sample_study(), "--model", "taps-prostate", "--out", tmp_path / "o.nrrd") == 2
    assert "SHA-256" in capsys.readouterr().err
    with pytest.raises(FileProblem):
        segment(read(sample_study()), "taps-prostate")


def test_a_probability_of_lesions_is_written_and_can_be_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, map_ = tmp_path / "candidates.nii.gz", tmp_path / "probability.nii.gz"
    run("segment", sample_study(), "--model", "prostate-lesions", "--out", out, "--probability", map_)
    assert "Candidate 1" in capsys.readouterr().out
    values = np.asarray(read_volume(map_).array)
    assert 0 <= values.min() < values.max() <= 1
    assert values.shape == np.asarray(read_labels(out).array).shape
    options = ("--kind", "probability", "--out", tmp_path / "evaluation")
    lesions = sample_label_maps("mpmr")["reference"]
    assert run("evaluate", "--reference", lesions, "--prediction", map_, *options) == 0
    refused = tmp_path / "zones.nii.gz"
    wanted = ("--model", "prostate-zones", "--out", refused, "--probability", tmp_path / "p.nii.gz")
    assert run("segment", sample_study(), *wanted) == 2
    assert "looks for no lesions" in capsys.readouterr().err
    assert not refused.exists()
