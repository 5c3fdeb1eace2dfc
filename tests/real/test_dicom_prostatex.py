"""Real studies: every voxel where SimpleITK puts it, every b-value and time point in its place."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from napari_medassist.core.volume import Volume
from napari_medassist.io.dicom.reader import read

pytestmark = pytest.mark.real

STUDIES = ("prostatex/ProstateX-0000", "prostatex/ProstateX-0218", "ct/ct-3slice")
N_VOXELS = 20


@cache
def volumes_of(study: Path) -> tuple[Volume, ...]:
    loaded = read(study)
    assert all(isinstance(s, Volume) for s in loaded.series)
    return loaded.series  # type: ignore[return-value]


def by_name(study: Path) -> dict[str, Volume]:
    return {v.name: v for v in volumes_of(study)}


@cache
def images_of(study: Path) -> dict[tuple[str, float | None], sitk.Image]:
    """Read each series with SimpleITK alone: (series UID, b-value) -> image."""
    images: dict[tuple[str, float | None], sitk.Image] = {}
    for folder in sorted({p.parent for p in study.rglob("*.dcm")}):
        for uid in sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)):
            files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
            headers = [pydicom.dcmread(f, stop_before_pixels=True) for f in files]
            if headers[0].Modality not in ("MR", "CT"):
                continue
            b_values = [_siemens_b_value(h) for h in headers]
            for b_value in set(b_values):
                reader = sitk.ImageSeriesReader()
                pairs = [
                    (h, f) for h, f, b in zip(headers, files, b_values, strict=True) if b == b_value
                ]
                # GDCM does not sort the slices of a series that has several images at one position.
                reader.SetFileNames([f for h, f in sorted(pairs, key=lambda pair: _depth(pair[0]))])
                images[headers[0].SeriesInstanceUID, b_value] = reader.Execute()
    return images


def _depth(header: pydicom.Dataset) -> float:
    axes = np.reshape(header.ImageOrientationPatient, (2, 3)).astype(float)
    return float(np.dot(np.cross(*axes), np.asarray(header.ImagePositionPatient, dtype=float)))


def _siemens_b_value(header: pydicom.Dataset) -> float | None:
    if (0x0019, 0x100C) not in header or "ADC" in header.ImageType:
        return None
    return float(header[0x0019, 0x100C].value)


@pytest.mark.parametrize("study", STUDIES)
def test_every_series_equals_simpleitk_in_place_and_value(real_data: Path, study: str) -> None:
    images = images_of(real_data / study)
    rng = np.random.default_rng(2024)
    compared = set()
    for volume in volumes_of(real_data / study):
        for uid, array in _time_points(volume):
            image = images[uid, volume.acquisition.b_value_s_mm2]
            _compare(volume, array, image, rng)
            compared.add((uid, volume.acquisition.b_value_s_mm2))
    assert compared == set(images)


def _time_points(volume: Volume) -> list[tuple[str, Any]]:
    """Return the series UID and the array of each time point."""
    if volume.n_timepoints == 1:
        return [(volume.acquisition.series_uid, volume.array)]
    uids = dict(volume.provenance.details)["series"].split()
    return list(zip(uids, volume.array, strict=True))


def _compare(volume: Volume, array: Any, image: sitk.Image, rng: np.random.Generator) -> None:
    np.testing.assert_array_equal(
        volume.source_grid.to_stored(array), sitk.GetArrayViewFromImage(image)
    )
    for index in rng.integers(0, array.shape, size=(N_VOXELS, 3)):
        lps = volume.geometry.index_to_lps(index)
        theirs = image.TransformPhysicalPointToIndex([float(v) for v in lps])
        assert array[tuple(index)] == image[theirs]
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(theirs), lps, atol=1e-4)


def test_prostatex_0000_is_t2w_adc_dwi_and_calculated(real_data: Path) -> None:
    found = by_name(real_data / STUDIES[0])
    assert {name: v.acquisition.b_value_s_mm2 for name, v in found.items()} == {
        "4 t2_tse_tra": None,
        "6 ep2d_diff_tra_DYNDIST b50": 50,
        "6 ep2d_diff_tra_DYNDIST b400": 400,
        "6 ep2d_diff_tra_DYNDIST b800": 800,
        "7 ep2d_diff_tra_DYNDIST_ADC": None,
        "8 ep2d_diff_tra_DYNDISTCALC_BVAL b1000": 1000,
    }
    assert [n for n, v in found.items() if v.acquisition.calculated] == [
        "8 ep2d_diff_tra_DYNDISTCALC_BVAL b1000"
    ]
    assert found["7 ep2d_diff_tra_DYNDIST_ADC"].acquisition.unit == "um2/s"
    t2w = found["4 t2_tse_tra"]
    assert t2w.array.shape == (19, 384, 384)
    assert t2w.geometry.spacing_zyx_mm == pytest.approx((3.0, 0.5, 0.5), abs=1e-5)
    assert t2w.geometry.is_oblique
    assert not any(v.warnings for v in found.values())


def test_signal_falls_with_the_b_value(real_data: Path) -> None:
    for study in STUDIES[:2]:
        dwi = [
            v
            for v in volumes_of(real_data / study)
            if v.acquisition.b_value_s_mm2 is not None and "CALC" not in v.name and "1400" not in v.name
        ]
        means = [float(np.mean(v.array)) for v in dwi]
        assert len(means) >= 3
        assert means == sorted(means, reverse=True)


def test_prostatex_0218_has_its_b_values_and_one_dynamic_series(real_data: Path) -> None:
    volumes = volumes_of(real_data / STUDIES[1])
    acquired = [v for v in volumes if v.acquisition.b_value_s_mm2 is not None]
    found = {(v.acquisition.b_value_s_mm2, v.acquisition.calculated) for v in acquired}
    assert found == {(0, False), (100, False), (400, False), (800, False), (1400, False), (1600, True)}
    assert [v.array.ndim for v in volumes].count(4) == 1
    assert len(volumes) == len({v.name for v in volumes}) == 10


def test_the_dynamic_series_is_sorted_by_acquisition_time(real_data: Path) -> None:
    study = real_data / STUDIES[1]
    dce = by_name(study)["27 Twist_dynamic_Wip576"]
    folders = [p for p in study.iterdir() if "Twist" in p.name]
    assert dce.array.shape == (len(folders), 20, 160, 160)
    assert dce.acquisition.time_source == "AcquisitionTime (0008,0032)"
    times = dce.acquisition.times_s
    assert times[0] == 0
    assert list(times) == sorted(set(times))
    stated = sorted(float(p.name.split("TT")[1].split("s-")[0]) for p in folders)
    np.testing.assert_allclose(np.diff(times)[1:], np.diff(stated)[1:], rtol=0.01)
    prostate = [float(point[5:15, 60:100, 60:100].mean()) for point in dce.array]
    assert max(prostate[:5]) < 1.02 * min(prostate[:5]), "before the contrast agent"
    assert prostate[4:] == sorted(prostate[4:]), "contrast agent arrives"
    assert prostate[-1] > 1.5 * prostate[0]


def test_ct_is_in_hounsfield_units(real_data: Path) -> None:
    loaded = read(real_data / STUDIES[2])
    (ct,) = loaded.series
    assert isinstance(ct, Volume)
    assert (ct.acquisition.unit, ct.array.dtype) == ("HU", np.int16)
    assert np.asarray(ct.array).min() <= -1000
    assert -200 < np.median(np.asarray(ct.array)[:, 200:300, 200:300]) < 200
    (warning,) = loaded.warnings
    assert "partial_overlaps.dcm" in warning
    assert "overlap" in warning


def test_one_slice_brings_its_series(real_data: Path) -> None:
    folder = next((real_data / STUDIES[0]).glob("4.*"))
    file = sorted(folder.iterdir())[7]
    (volume,) = read(file).series
    assert isinstance(volume, Volume)
    np.testing.assert_array_equal(volume.array, by_name(real_data / STUDIES[0])["4 t2_tse_tra"].array)


def test_nothing_of_the_patient_is_kept(real_data: Path) -> None:
    study = real_data / STUDIES[0]
    patient = str(pydicom.dcmread(next(study.rglob("*.dcm")), stop_before_pixels=True).PatientID)
    for volume in volumes_of(study):
        kept = repr((volume.acquisition, volume.name, volume.warnings, volume.provenance.details))
        assert patient not in kept
