"""b-values from every vendor; calculated ones; gradient directions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom.reader import read
from tests.dicom_phantom import slice_dataset, write_series

SHAPE = (3, 4, 5)
GEOMETRY = Geometry(SHAPE, (3.0, 1.0, 1.0))
B_VALUES = (50, 400, 1000)


def standard(ds: Dataset, b: int) -> None:
    ds.DiffusionBValue = float(b)


def siemens(vr: str, value: Callable[[int], object]) -> Callable[[Dataset, int], None]:
    def write(ds: Dataset, b: int) -> None:
        ds.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
        ds.add_new(0x0019100C, vr, value(b))

    return write


def siemens_in_the_second_block(ds: Dataset, b: int) -> None:
    ds.add_new(0x00190010, "LO", "OTHER CREATOR")
    ds.add_new(0x0019100C, "IS", "7")
    ds.add_new(0x00190011, "LO", "SIEMENS MR HEADER")
    ds.add_new(0x0019110C, "IS", str(b))


def siemens_without_creator(ds: Dataset, b: int) -> None:
    ds.Manufacturer = "SIEMENS"
    ds.add_new(0x0019100C, "IS", str(b))


def ge(ds: Dataset, b: int) -> None:
    ds.add_new(0x00430010, "LO", "GEMS_PARM_01")
    ds.add_new(0x00431039, "IS", [str(1_000_000_000 + b), "8", "0", "0"])


def ge_as_bytes(ds: Dataset, b: int) -> None:
    ds.add_new(0x00430010, "LO", "GEMS_PARM_01")
    ds.add_new(0x00431039, "UN", f"{b}\\8\\0\\0 ".encode())


def philips(ds: Dataset, b: int) -> None:
    ds.add_new(0x20010010, "LO", "Philips Imaging DD 001")
    ds.add_new(0x20011003, "FL", float(b))


def philips_as_bytes(ds: Dataset, b: int) -> None:
    ds.add_new(0x20010010, "LO", "Philips Imaging DD 001")
    ds.add_new(0x20011003, "UN", struct.pack("<f", b))


def in_sequence_name(ds: Dataset, b: int) -> None:
    ds.SequenceName = f"*ep_b{b}t"


WAYS = {
    "standard": standard,
    "Siemens bytes": siemens("OB", lambda b: f"{b} ".encode()),
    "Siemens UN": siemens("UN", lambda b: f"{b} ".encode()),
    "Siemens IS": siemens("IS", str),
    "Siemens second block": siemens_in_the_second_block,
    "Siemens without creator": siemens_without_creator,
    "GE": ge,
    "GE bytes": ge_as_bytes,
    "Philips": philips,
    "Philips bytes": philips_as_bytes,
    "sequence name": in_sequence_name,
}


def write_dwi(folder: Path, write_b: Callable[[Dataset, int], None], **tags: object) -> None:
    for b in B_VALUES:
        for index in range(SHAPE[0]):
            pixels = np.full(SHAPE[1:], 2000 - b + index, np.int16)
            ds = slice_dataset(pixels, GEOMETRY, index, **tags)
            write_b(ds, b)
            ds.save_as(folder / f"{b}-{index}", enforce_file_format=True)


@pytest.mark.parametrize("way", WAYS)
def test_each_b_value_is_a_volume(tmp_path: Path, way: str) -> None:
    write_dwi(tmp_path, WAYS[way])
    loaded = read(tmp_path)
    assert loaded.warnings == ()
    assert [s.acquisition.b_value_s_mm2 for s in loaded.series] == list(B_VALUES)
    assert [s.name for s in loaded.series] == [f"4 phantom b{b}" for b in B_VALUES]
    assert len({s.acquisition.series_uid for s in loaded.series}) == 1
    for volume, b in zip(loaded.series, B_VALUES, strict=True):
        np.testing.assert_array_equal(volume.array[:, 0, 0], 2000 - b + np.arange(3))
        assert not volume.acquisition.calculated
        assert volume.role == "other"


def test_b_values_are_never_mixed_where_slices_are_missing(tmp_path: Path) -> None:
    """Half of the positions at b = 50, the other half at b = 800: no volume can be made of both."""
    for index in range(6):
        ds = slice_dataset(np.zeros((4, 5), np.int16), Geometry((6, 4, 5), (3.0, 1.0, 1.0)), index)
        ds.DiffusionBValue = 50.0 if index < 3 else 800.0
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    assert [s.array.shape[0] for s in read(tmp_path).series] == [3, 3]


@pytest.mark.parametrize(
    ("description", "calculated"),
    [
        ("ep2d_diff_tra_DYNDISTCALC_BVAL", True),
        ("ep2d_diff_CALCBVAL", True),
        ("DWI calc b1400", True),
        ("synthetic b1500", True),
        ("ep2d_diff_tra_DYNDIST", False),
    ],
)
def test_calculated_b_values_say_so(tmp_path: Path, description: str, *, calculated: bool) -> None:
    write_series(
        tmp_path,
        np.zeros(SHAPE, np.int16),
        GEOMETRY,
        SeriesDescription=description,
        DiffusionBValue=1400.0,
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"],
    )
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 == 1400
    assert volume.acquisition.calculated is calculated


@pytest.mark.parametrize(
    ("description", "b_value"),
    [
        ("DWI b1400", 1400),
        ("dwi_b=1000 calc", 1000),
        ("ep2d high bvalue 1400", 1400),
        ("DWI b50_400_800", None),
        ("DWI b0, b800", None),
        ("DWI b0", 0),
        ("B1 map", None),
        ("t2_tse_tra_320_p2", None),
        ("ep2d-advdiff-3Scan-4bval_spair_511b", None),
        ("fb2d 100", None),
    ],
)
def test_b_value_from_the_description(tmp_path: Path, description: str, b_value: float | None) -> None:
    write_series(tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, SeriesDescription=description)
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 == b_value


def test_the_name_of_a_range_is_no_b_value(tmp_path: Path) -> None:
    write_series(tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, SequenceName="*ep_b50_800")
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 is None


def test_an_adc_map_has_no_b_value_but_a_unit(tmp_path: Path) -> None:
    write_series(
        tmp_path,
        np.zeros(SHAPE, np.int16),
        GEOMETRY,
        DiffusionBValue=800.0,
        Manufacturer="SIEMENS",
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"],
    )
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 is None
    assert volume.acquisition.unit == "um2/s"


def test_a_zero_in_every_image_of_the_scanner_is_no_diffusion(tmp_path: Path) -> None:
    write_series(
        tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, SeriesDescription="T2W_TSE", DiffusionBValue=0.0
    )
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 is None


def test_a_lone_b0_series_of_diffusion_is_one(tmp_path: Path) -> None:
    write_series(
        tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, SeriesDescription="DWI", DiffusionBValue=0.0
    )
    (volume,) = read(tmp_path).series
    assert volume.acquisition.b_value_s_mm2 == 0
    assert volume.name == "4 DWI b0"


def test_gradient_directions_are_volumes_of_their_own(tmp_path: Path) -> None:
    write_series(tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, seed=9, DiffusionBValue=0.0)
    for number, direction in enumerate(np.eye(3).tolist()):
        write_series(
            tmp_path,
            np.full(SHAPE, number + 1, np.int16),
            GEOMETRY,
            seed=number,
            DiffusionBValue=800.0,
            DiffusionGradientOrientation=direction,
        )
    volumes = read(tmp_path).series
    assert [v.acquisition.b_value_s_mm2 for v in volumes] == [0, 800, 800, 800]
    assert volumes[1].name == "4 phantom b800 direction (0.00, 0.00, 1.00)"
    assert sorted(int(v.array.max()) for v in volumes) == [0, 1, 2, 3]


def test_repetitions_without_direction_are_neither_averaged_nor_hidden(tmp_path: Path) -> None:
    for number in range(3):
        write_series(
            tmp_path,
            np.full(SHAPE, number, np.int16),
            GEOMETRY,
            seed=number,
            DiffusionBValue=800.0,
            AcquisitionTime=f"1200{number:02d}",
        )
    (volume,) = read(tmp_path).series
    assert volume.array.shape == (3, *SHAPE)
    assert [int(a.max()) for a in volume.array] == [0, 1, 2]
    assert "nothing was averaged" in volume.warnings[0]
