"""The sample cases are whole, simulated, on their grids, and tell the story they are there to tell."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy import ndimage

from napari_medassist.app import samples
from napari_medassist.core.errors import FileProblem, UnknownItem

SCRIPTS = Path(__file__).resolve().parents[3] / "sample_data"
SERIES_LENGTHS = {"01_t2w": 20, "02_dwi": 80, "03_adc": 20, "04_high-b": 20, "05_dce": 120}


@pytest.fixture(scope="module")
def headers() -> dict[str, list[pydicom.Dataset]]:
    return {
        folder.name: [pydicom.dcmread(f, stop_before_pixels=True) for f in sorted(folder.iterdir())]
        for folder in sorted(samples.sample_study().iterdir())
    }


@pytest.fixture(scope="module")
def t2w() -> sitk.Image:
    folder = str(samples.sample_study() / "01_t2w")
    return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder))


def _label(kind: str) -> sitk.Image:
    return sitk.ReadImage(samples.sample_label_maps("mpmr")[kind])


def _mask(kind: str) -> np.ndarray:
    return sitk.GetArrayFromImage(_label(kind)) > 0


def _corner_distance_mm(a: sitk.Image, b: sitk.Image) -> float:
    last = [n - 1 for n in a.GetSize()]
    corners = list(itertools.product(*((0, n) for n in last)))
    points = [
        np.subtract(a.TransformIndexToPhysicalPoint(c), b.TransformIndexToPhysicalPoint(c))
        for c in corners
    ]
    return float(np.linalg.norm(points, axis=1).max())


def test_all_samples_exist_and_say_that_they_are_simulated() -> None:
    for name, sample in samples.SAMPLES.items():
        path = samples.sample_path(name)
        assert path.exists()
        assert path.name.startswith("simulated-")
        assert "SIMULATED" in sample.title
        assert all(label.is_file() for label in samples.sample_label_maps(name).values())
    assert samples.sample_labels() == (
        samples.sample_folder() / "simulated-mpmr-labels" / "reference.nii.gz",
        samples.sample_folder() / "simulated-mpmr-labels" / "prediction.nii.gz",
    )


def test_samples_are_small() -> None:
    files = [
        f for f in samples.sample_folder().rglob("*") if f.is_file() and "__pycache__" not in f.parts
    ]
    assert 1e6 < sum(f.stat().st_size for f in files) < 15e6


def test_the_nifti_headers_say_simulated() -> None:
    paths = [samples.sample_ct(), *samples.sample_label_maps("ct").values(), *samples.sample_labels()]
    for path in paths:
        reader = sitk.ImageFileReader()
        reader.SetFileName(path)
        reader.ReadImageInformation()
        assert "SIMULATED" in reader.GetMetaData("ITK_FileNotes")


def test_dicom_series_are_complete(headers: dict[str, list[pydicom.Dataset]]) -> None:
    assert {name: len(files) for name, files in headers.items()} == SERIES_LENGTHS
    everything = [h for files in headers.values() for h in files]
    assert len({h.SOPInstanceUID for h in everything}) == len(everything)
    assert len({h.SeriesInstanceUID for h in everything}) == len(SERIES_LENGTHS)
    assert len({h.StudyInstanceUID for h in everything}) == 1
    assert len({h.FrameOfReferenceUID for h in everything}) == 1
    assert sorted({float(h.DiffusionBValue) for h in headers["02_dwi"]}) == [0, 50, 400, 800]
    assert {float(h.DiffusionBValue) for h in headers["04_high-b"]} == {1400}
    assert all("DERIVED" in h.ImageType for h in headers["04_high-b"])
    assert all("calculated" in h.SeriesDescription for h in headers["04_high-b"])
    assert {h.TemporalPositionIdentifier for h in headers["05_dce"]} == set(range(1, 11))


def test_dicom_names_no_real_person_and_says_simulated(
    headers: dict[str, list[pydicom.Dataset]],
) -> None:
    for header in (h for files in headers.values() for h in files):
        assert str(header.PatientName) == "SIMULATED^MPMR"
        assert header.PatientID == "SIMULATED-0001"
        assert header.SeriesDescription.startswith("SIMULATED")
        assert header.SOPInstanceUID.startswith("2.25.")
        assert header.SOPInstanceUID.is_valid
        assert not header.PatientBirthDate
        persons = [e for e in header.iterall() if e.VR == "PN" and e.keyword != "PatientName"]
        assert all(not e.value for e in persons)
        assert not any(e.tag.is_private for e in header.iterall())
        assert "InstitutionName" not in header


def test_t2w_is_tilted_diffusion_is_parallel_to_it_and_dce_is_axial(
    headers: dict[str, list[pydicom.Dataset]],
) -> None:
    orientation = {k: np.array(v[0].ImageOrientationPatient, float) for k, v in headers.items()}
    tilt = np.degrees(np.arctan2(-orientation["01_t2w"][5], orientation["01_t2w"][4]))
    assert tilt == pytest.approx(15.0, abs=1e-6)
    assert np.array_equal(orientation["01_t2w"], orientation["02_dwi"])
    assert headers["01_t2w"][0].ImagePositionPatient != headers["02_dwi"][0].ImagePositionPatient
    assert np.array_equal(orientation["05_dce"], [1, 0, 0, 0, 1, 0])


@pytest.mark.parametrize("kind", ["reference", "prediction", "zones"])
def test_labels_lie_on_the_t2w_grid(kind: str, t2w: sitk.Image) -> None:
    label = _label(kind)
    assert label.GetSize() == t2w.GetSize() == (256, 256, 20)
    assert _corner_distance_mm(label, t2w) < 1e-4


def test_prediction_has_a_high_dice_and_misses_one_of_two_lesions() -> None:
    reference, prediction = _mask("reference"), _mask("prediction")
    shared = np.count_nonzero(reference & prediction)
    dice = 2 * shared / (np.count_nonzero(reference) + np.count_nonzero(prediction))
    assert dice == pytest.approx(0.894, abs=0.001)
    touching = np.ones((3, 3, 3))
    lesions, n_lesions = ndimage.label(reference, touching)
    candidates, n_candidates = ndimage.label(prediction, touching)
    found = [bool(prediction[lesions == n].any()) for n in range(1, n_lesions + 1)]
    true = [bool(reference[candidates == n].any()) for n in range(1, n_candidates + 1)]
    assert sorted(found) == [False, True]
    assert sorted(true) == [False, True]


def test_lesions_look_like_cancer_in_every_sequence(t2w: sitk.Image) -> None:
    lesion = _mask("reference")
    zone = sitk.GetArrayFromImage(_label("zones"))
    healthy = (zone == 1) & ~ndimage.binary_dilation(lesion, iterations=2)

    def on_t2w(image: sitk.Image) -> np.ndarray:
        return sitk.GetArrayFromImage(sitk.Resample(image, t2w))

    def series(name: str) -> sitk.Image:
        folder = str(samples.sample_study() / name)
        return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder))

    values = sitk.GetArrayFromImage(t2w)
    assert values[lesion].mean() < 0.6 * values[healthy].mean()
    adc = on_t2w(series("03_adc"))
    assert 600 < adc[lesion].mean() < 1000 < 1400 < adc[healthy].mean() < 2000
    high_b = on_t2w(series("04_high-b"))
    assert high_b[lesion].mean() > 1.4 * high_b[healthy].mean()


def test_ct_is_in_hounsfield_units_and_its_labels_fit() -> None:
    ct = sitk.ReadImage(samples.sample_ct())
    maps = {k: sitk.ReadImage(p) for k, p in samples.sample_label_maps("ct").items()}
    assert all(_corner_distance_mm(ct, m) < 1e-4 for m in maps.values())
    hu = sitk.GetArrayFromImage(ct)
    opacity = sitk.GetArrayFromImage(maps["opacities"]) == 1
    lungs = sitk.GetArrayFromImage(maps["lungs"])
    assert ct.GetPixelID() == sitk.sitkInt16
    assert set(np.unique(lungs)) == {0, 1, 2}
    assert -900 < hu[(lungs > 0) & ~opacity].mean() < -780
    assert hu[opacity].mean() > -650
    assert np.mean(lungs[opacity] > 0) > 0.95
    # The right lung lies on the patient's right, which is low x in LPS.
    x = np.arange(ct.GetWidth())
    right, left = ((lungs == side).sum(axis=(0, 1)) for side in (1, 2))
    assert np.average(x, weights=right) < np.average(x, weights=left)


def test_ultrasound_clip_plays() -> None:
    with av.open(str(samples.sample_ultrasound())) as container:
        stream = container.streams.video[0]
        frames = [f.to_ndarray(format="gray") for f in container.decode(stream)]
        assert "SIMULATED" in container.metadata["title"]
        assert stream.average_rate == 25
    assert np.shape(frames) == (125, 240, 320)
    moved = np.abs(frames[0].astype(float) - frames[20]).mean()
    assert moved > 3


def test_the_clip_comes_from_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from simulate_ultrasound import simulate_ultrasound

    made = next(simulate_ultrasound(n_frames=1)).astype(float)
    with av.open(str(samples.sample_ultrasound())) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="gray")
    # The difference is what the video's compression lost; another seed differs by more than 15.
    assert np.abs(made - stored).mean() < 6


def test_grids_of_the_script_are_those_of_the_files(
    monkeypatch: pytest.MonkeyPatch, t2w: sitk.Image
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from simulate_mpmr import mpmr_grids

    grid, _, _ = mpmr_grids()
    x, y, z = grid.points_lps_mm(0.0, relative_to_lps_mm=(0.0, 0.0, 0.0))
    place = t2w.TransformIndexToPhysicalPoint((200, 31, 17))
    assert place == pytest.approx([float(a[17, 31, 200]) for a in (x, y, z)], abs=1e-4)


def test_noise_is_smooth_seeded_and_standardised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from random_fields import smooth_noise

    def make(seed: int) -> np.ndarray:
        return smooth_noise(np.random.default_rng(seed), (20, 30, 40), (2.0, 1.0, 1.0), 8.0)

    noise = make(3)
    assert np.array_equal(noise, make(3))
    assert not np.array_equal(noise, make(4))
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, abs=1e-4)
    assert np.abs(np.diff(noise, axis=2)).max() < 1


def test_missing_samples_are_reported_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "_PLACES", (tmp_path / "a", tmp_path / "b"))
    with pytest.raises(FileProblem, match="make_sample_data") as raised:
        samples.sample_folder()
    assert raised.value.path == tmp_path / "a"
    (tmp_path / "b" / "simulated-mpmr").mkdir(parents=True)
    assert samples.sample_folder() == tmp_path / "b"
    with pytest.raises(FileProblem, match="missing"):
        samples.sample_ct()


def test_an_unknown_sample_is_reported_with_the_known_ones() -> None:
    with pytest.raises(UnknownItem, match="mpmr, ct, ultrasound"):
        samples.sample_path("mr")


def test_looking_up_samples_imports_nothing_heavy() -> None:
    code = (
        "import sys, napari_medassist.app.samples as s; s.sample_study(); "
        "print(sorted({'SimpleITK', 'pydicom', 'scipy', 'av', 'napari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
