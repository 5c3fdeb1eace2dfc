"""An alignment with its companions: what is carried, what is measured, how it is judged and kept."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import binary_erosion

from napari_medassist.app.registering.aligning import (
    Alignment,
    Companions,
    Wish,
    align,
    carried_image,
    remeasured,
)
from napari_medassist.app.registering.verdict import Light, Thresholds
from napari_medassist.app.registering.writing import write_alignment
from napari_medassist.app.samples import sample_study
from napari_medassist.cli.main import main
from napari_medassist.core.errors import Cancelled, CorruptFile, FileProblem, GeometryMismatch
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.landmarks import LandmarkPair
from napari_medassist.core.lesion_results import LesionVerdict
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Acquisition, Volume
from napari_medassist.io.bridges import to_sitk
from napari_medassist.io.files import read, read_labels, read_volume, write
from napari_medassist.io.landmark_files import read_landmarks, write_landmarks
from napari_medassist.io.transform_files import read_transform
from tests.unit.registration.test_linear import GRID, TURN, blobs, moved

LESIONS_INDEX = ((4, 30, 30), (9, 60, 50))


def balls(names: tuple[int, ...] = (1, 1), radius_mm: float = 5.0) -> LabelMap:
    """Return lesions on the fixed grid."""
    places = GRID.voxel_places_lps_mm()
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    for value, index in zip(names, LESIONS_INDEX, strict=True):
        away = np.linalg.norm(places - GRID.index_to_lps(index), axis=-1)
        array[away < radius_mm] = value
    return LabelMap(array, GRID, name="lesions")


def as_seen_by_the_moving_image(labels: LabelMap) -> LabelMap:
    image = Volume(np.asarray(labels.array).astype(np.float32), GRID)
    array = np.asarray(moved(image, TURN, GRID).array) > 0.5
    return LabelMap(array.astype(np.uint8), GRID, name="lesions")


def landmarks() -> tuple[LandmarkPair, ...]:
    fixed = [GRID.index_to_lps(index) for index in (*LESIONS_INDEX, (6, 20, 60), (10, 70, 20))]
    pairs = zip(fixed, TURN.transform_points(np.array(fixed)), strict=True)
    return tuple(
        LandmarkPair(f"place {k}", tuple(f.tolist()), tuple(m.tolist()))
        for k, (f, m) in enumerate(pairs)
    )


@cache
def aligned() -> Alignment:
    fixed, moving = replace(blobs(), name="fixed"), moved(blobs(), TURN, GRID)
    labels = ((as_seen_by_the_moving_image(balls()), balls()),)
    return align(fixed, moving, Wish("rigid"), Companions(labels, landmarks()))


def test_an_alignment_is_measured_and_green() -> None:
    made = aligned()
    quality = made.quality
    assert made.verdict.light is Light.GREEN, made.verdict.reasons
    assert quality.information_after > quality.information_before
    assert quality.way_back_mm is not None
    assert quality.way_back_mm[1] < 1.0
    assert quality.space.folded_share == 0
    assert quality.space.log_jacobian_sd == pytest.approx(0, abs=1e-6)
    assert quality.space.volume_factors == pytest.approx((1, 1), abs=1e-6)
    assert quality.targets is not None
    assert quality.targets.mean_before.value > 5
    assert quality.targets.mean_after.value < 0.9
    assert quality.targets.mean_after.low <= quality.targets.mean_after.value
    assert any("landmarks" in reason.text for reason in made.verdict.reasons)
    assert made.moved.geometry == GRID
    assert made.moved.provenance.made_by == "registration rigid"


def test_labels_are_carried_and_their_verdicts_compared() -> None:
    (carried,) = aligned().quality.carried
    assert carried.before is not None
    assert carried.after is not None
    assert carried.after.dice > 0.8 > carried.before.dice
    changes = carried.changed_verdicts
    assert changes
    assert {change[1:] for change in changes} == {(LesionVerdict.MISSED, LesionVerdict.FOUND)}
    assert any("from missed to found" in reason.text for reason in aligned().verdict.reasons)
    for lesion, index in zip(carried.lesions, LESIONS_INDEX, strict=True):
        np.testing.assert_allclose(lesion.to_lps_mm, GRID.index_to_lps(index), atol=1.5)
        np.testing.assert_allclose(
            lesion.from_lps_mm, TURN.transform_points(GRID.index_to_lps(index)), atol=1.5
        )
        assert lesion.moved_mm == pytest.approx(
            np.linalg.norm(np.subtract(lesion.to_lps_mm, lesion.from_lps_mm))
        )
        assert lesion.volume_after_ml == pytest.approx(lesion.volume_before_ml, rel=0.25)


def test_neither_image_is_changed() -> None:
    fixed, moving = blobs(), moved(blobs(), TURN, GRID)
    before = [np.array(v.array) for v in (fixed, moving)]
    align(fixed, moving, Wish("rigid", both_ways=False))
    for image, values in zip((fixed, moving), before, strict=True):
        np.testing.assert_array_equal(np.asarray(image.array), values)


def test_images_of_different_patients_are_not_green() -> None:
    strangers = moved(blobs(seed=11), TURN, GRID)
    made = align(blobs(), strangers, Wish("rigid"))
    assert made.verdict.light is not Light.GREEN
    assert "There and back" in made.verdict.reasons[0].text


def test_a_wrong_start_that_is_kept_is_red_by_its_landmarks() -> None:
    made = aligned()
    off = [replace(pair, moving_lps_mm=tuple(np.add(pair.moving_lps_mm, 8.0))) for pair in landmarks()]
    again = remeasured(made, off)
    assert again.verdict.light is Light.RED
    assert again.transform is made.transform
    assert remeasured(made, ()).quality.targets is None
    strict = remeasured(made, landmarks(), Thresholds(target_error_mm=(0.0, 0.001)))
    assert strict.verdict.light is Light.RED


def test_other_images_go_along_in_one_interpolation() -> None:
    made = aligned()
    again = carried_image(made, made.moving)
    np.testing.assert_array_equal(np.asarray(again.array), np.asarray(made.moved.array))


def test_labels_on_another_grid_are_refused() -> None:
    small = replace(GRID, shape_zyx=(5, 5, 5))
    other = LabelMap(np.ones((5, 5, 5), np.uint8), small, name="other")
    with pytest.raises(GeometryMismatch, match="other"):
        align(
            blobs(),
            moved(blobs(), TURN, GRID),
            Wish("rigid", both_ways=False),
            Companions(((balls(), other),)),
        )


def test_it_can_be_cancelled_at_any_time() -> None:
    stages = set()

    for at in (5, 60, 86):

        def stop(done: int, _total: int, message: str, /, at: int = at) -> None:
            if done >= at:
                stages.add(message.split(",")[0])
                raise Cancelled("enough")

        with pytest.raises(Cancelled):
            align(blobs(), moved(blobs(), TURN, GRID), Wish("rigid"), progress=stop)
    assert len(stages) == 3


def test_what_is_written_is_read_by_itk(tmp_path: Path) -> None:
    made = aligned()
    written = write_alignment(made, tmp_path / "out", also=(made.moved,), notes=("told",))
    names = [path.name for path in written]
    assert names == [
        "transform.tfm", "moved-moving.nii.gz", "moved-moving-2.nii.gz", "labels-lesions.nii.gz",
        "quality.json",
    ]  # fmt: skip
    transform = read_transform(written[0])
    assert isinstance(transform, AffineTransform)
    np.testing.assert_allclose(
        transform.matrix_lps,
        np.asarray(made.registered.transform.matrix_lps),
        atol=1e-9,  # type: ignore[attr-defined]
    )
    fixed, moving = (sitk.Cast(to_sitk(v), sitk.sitkFloat32) for v in (made.fixed, made.moving))
    there = sitk.Resample(moving, fixed, sitk.ReadTransform(str(written[0])), sitk.sitkLinear, 0.0)
    ours = sitk.Cast(to_sitk(made.moved), sitk.sitkFloat32)
    # Within half a voxel of its border ITK repeats the last slice; we let the image end there.
    inner = binary_erosion(sitk.GetArrayFromImage(there) != 0, iterations=2)
    off = np.abs(sitk.GetArrayFromImage(there) - sitk.GetArrayFromImage(ours))[inner]
    assert inner.sum() > 20_000
    assert off.max() < 0.01
    plain = json.loads(written[-1].read_text())
    assert plain["verdict"] == "green"
    assert plain["notes"] == ["told"]
    assert plain["labels"][0]["after"]["dice"] == pytest.approx(made.quality.carried[0].after.dice)  # type: ignore[union-attr]
    assert read_labels(written[3]).array.shape == made.fixed.array.shape


def test_a_map_that_dicom_cannot_hold_is_told_and_the_rest_is_written(tmp_path: Path) -> None:
    """Images that say they are DICOM, and whose files are gone."""
    acquired = Acquisition(series_uid="1.2.3", frame_of_reference_uid="1.2.4")
    fixed, moving = (replace(v, acquisition=acquired) for v in (aligned().fixed, aligned().moving))
    written = write_alignment(replace(aligned(), fixed=fixed, moving=moving), tmp_path / "out")
    assert written[0].name == "transform.tfm"
    assert not (tmp_path / "out" / "registration.dcm").exists()
    (note,) = json.loads(written[-1].read_text())["notes"]
    assert "No registration.dcm" in note
    assert ".tfm" in note


def test_landmarks_are_read_as_written(tmp_path: Path) -> None:
    path = write_landmarks(landmarks(), tmp_path / "pairs.csv")
    for pair, again in zip(landmarks(), read_landmarks(path), strict=True):
        assert pair.name == again.name
        np.testing.assert_allclose(pair.fixed_lps_mm, again.fixed_lps_mm, atol=6e-4)
        np.testing.assert_allclose(pair.moving_lps_mm, again.moving_lps_mm, atol=6e-4)
    path.write_text("name,fixed_x_lps_mm\na,1\n")
    with pytest.raises(CorruptFile, match="moving_z_lps_mm"):
        read_landmarks(path)
    header = ",".join(["name", *(f"{s}_{a}_lps_mm" for s in ("fixed", "moving") for a in "xyz")])
    path.write_text(f"{header}\na,1,2,3,4,5,nan\n")
    with pytest.raises(CorruptFile, match="not finite"):
        read_landmarks(path)
    path.write_text(f"{header}\na,1,2,3,4,5\n")
    with pytest.raises(CorruptFile, match="Row 1"):
        read_landmarks(path)
    path.write_text(f"{header}\na,1,2,3,4,5,6\na,1,2,3,4,5,6\n")
    with pytest.raises(CorruptFile, match="called a"):
        read_landmarks(path)
    with pytest.raises(FileProblem):
        read_landmarks(tmp_path / "none.csv")


@cache
def _files() -> tuple[Volume, Volume, LabelMap, LabelMap]:
    made = aligned()
    return made.fixed, made.moving, as_seen_by_the_moving_image(balls()), balls()


def files(folder: Path) -> list[str]:
    fixed, moving, labels, own = _files()
    for name, image in (("fixed", fixed), ("moving", moving)):
        sitk.WriteImage(to_sitk(image), str(folder / f"{name}.nii.gz"))
    write(labels, folder / "lesions.nii.gz")
    write(own, folder / "own.nii.gz")
    write_landmarks(landmarks(), folder / "pairs.csv")
    return [
        "register",
        "--fixed",
        str(folder / "fixed.nii.gz"),
        "--moving",
        str(folder / "moving.nii.gz"),
    ]


def test_the_command_aligns_carries_and_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    more = [
        "--labels",
        str(tmp_path / "lesions.nii.gz"),
        "--fixed-labels",
        str(tmp_path / "own.nii.gz"),
    ]
    more += ["--landmarks", str(tmp_path / "pairs.csv"), "--also", str(tmp_path / "moving.nii.gz")]
    assert main([*files(tmp_path), *more, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("green: nothing speaks against it")
    assert "4 landmarks" in told
    assert "Dice" in told
    assert read_volume(out / "moved-moving.nii.gz").array.shape == GRID.shape_zyx
    plain = json.loads((out / "quality.json").read_text())
    assert plain["target_errors"]["mean_after"]["value"] < 1
    # Beginning at the landmarks, one way, with thresholds that nothing can meet.
    more += ["--start", "landmarks", "--one-way", "--threshold", "target_error_mm=0,0", "--quiet"]
    assert main([*files(tmp_path), *more, "--out", str(out)]) == 1
    assert capsys.readouterr().out == "red: do not use it\n"
    plain = json.loads((out / "quality.json").read_text())
    assert plain["way_back_mm"] is None
    assert plain["start"] == "given"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--study", "x"], "--fixed and --moving, or --study"),
        (["--fixed-labels", "a", "b"], "0 --labels, but 2"),
        (["--start", "landmarks"], "--landmarks with three"),
        (["--threshold", "speed=1,2"], "no threshold speed"),
        (["--threshold", "target_error_mm=1"], "two numbers"),
        (["--threshold", "target_error_mm"], "no threshold"),
        (["--method", "rigidd"], "rigid"),
        (["--fixed-role", "t2w"], "no image with the role or name 't2w'"),
        (["--start", "masks"], "both images need one"),
        (["--guided"], "give --landmarks"),
    ],
)
def test_wrong_options_are_told(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*files(tmp_path), *options, "--out", str(out)]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_of_several_images_of_one_role_none_is_taken_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(sample_study())
    pair = ["register", "--fixed", study, "--moving", study, "--fixed-role", "t2w", "--one-way"]
    assert main([*pair, "--moving-role", "dwi", "--out", str(tmp_path / "o")]) == 2
    told = capsys.readouterr().err
    assert "4 images with the role or name 'dwi'" in told
    name = next(v.name for v in read(sample_study()).volumes() if v.role == "dwi")
    assert name in told
    assert main([*pair, "--moving-role", name, "--out", str(tmp_path / "o"), "--quiet"]) in (0, 1)
    assert (tmp_path / "o" / "registration.dcm").is_file()


def test_all_methods_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["register", "--list"]) == 0
    told = capsys.readouterr().out
    for name in ("rigid", "rigid-information", "affine", "affine-information", "deformable"):
        assert f"{name} " in told


def test_undefined_numbers_are_null_in_the_file(tmp_path: Path) -> None:
    made = aligned()
    quality = replace(made.quality, information_before=math.nan)
    (path,) = write_alignment(replace(made, quality=quality), tmp_path / "o")[-1:]
    assert json.loads(path.read_text())["normalised_mutual_information"][0] is None
