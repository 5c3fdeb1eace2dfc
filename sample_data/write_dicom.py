"""Write the simulated examination as DICOM, one file a slice, as a scanner's archive would hold it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, RLELossless

from grids import Grid
from simulate_mpmr import B_VALUES_S_MM2, CALCULATED_B_S_MM2, DCE_TIMES_S, MpMr

#: All identifiers derive from this one, under 2.25 (UUIDs): the same run gives the same identifiers.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "napari-medassist/sample_data/simulated-mpmr")
_START_S = 10 * 3600


@dataclass(frozen=True)
class SeriesHeader:
    """What the files of a series have in common.

    Parameters
    ----------
    folder
        Folder below the study's, also the series' name in its identifiers.
    number
        SeriesNumber.
    description
        SeriesDescription, without the word SIMULATED.
    image_type
        ImageType.
    grid
        Where the voxels lie.
    window
        Centre and width to display it with.
    tags
        Further elements by keyword.
    """

    folder: str
    number: int
    description: str
    image_type: tuple[str, ...]
    grid: Grid
    window: tuple[int, int]
    tags: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Slice:
    """One image: its pixels, its place in the series, and the elements of its own."""

    pixels: NDArray[np.uint16]
    position: int
    tags: dict[str, Any]


def write_study(mpmr: MpMr, folder: Path) -> None:
    """Write all series.

    Parameters
    ----------
    mpmr
        The simulated examination.
    folder
        Made if needed; a folder a series is made in it.
    """
    spin_echo = {"ScanningSequence": "SE", "MRAcquisitionType": "2D", "RepetitionTime": 4500.0}
    echo_planar = {
        "ScanningSequence": "EP",
        "MRAcquisitionType": "2D",
        "RepetitionTime": 3600.0,
        "EchoTime": 62.0,
    }
    gradient = {
        "ScanningSequence": "GR",
        "MRAcquisitionType": "3D",
        "RepetitionTime": 4.0,
        "EchoTime": 1.4,
    }
    derived = ("DERIVED", "PRIMARY", "DIFFUSION")
    t2w = SeriesHeader(
        "01_t2w", 1, "t2 tse tra", ("ORIGINAL", "PRIMARY", "M"), mpmr.t2w_grid, (360, 720),
        spin_echo | {"EchoTime": 100.0},
    )  # fmt: skip
    dwi = SeriesHeader(
        "02_dwi",
        2,
        "ep2d diff tra b0 50 400 800",
        (*derived, "TRACEW"),
        mpmr.dwi_grid,
        (250, 500),
        echo_planar,
    )
    adc = SeriesHeader(
        "03_adc", 3, "ep2d diff tra ADC", (*derived, "ADC"), mpmr.dwi_grid, (1300, 2600),
        echo_planar | {"RescaleType": "US"},
    )  # fmt: skip
    high_b = SeriesHeader(
        "04_high-b", 4, f"ep2d diff tra calculated b{CALCULATED_B_S_MM2}", (*derived, "CALC_BVALUE"),
        mpmr.dwi_grid, (60, 120), echo_planar,
    )  # fmt: skip
    dce = SeriesHeader(
        "05_dce", 5, "t1 vibe tra dynamic", ("ORIGINAL", "PRIMARY", "M"), mpmr.dce_grid, (300, 600),
        gradient | {"ContrastBolusAgent": "SIMULATED", "NumberOfTemporalPositions": len(DCE_TIMES_S)},
    )  # fmt: skip
    _write_series(t2w, _plain(mpmr.t2w), folder)
    _write_series(dwi, _by_b_value(mpmr.diffusion), folder)
    _write_series(adc, _plain(mpmr.adc), folder)
    _write_series(high_b, _plain(mpmr.high_b, DiffusionBValue=float(CALCULATED_B_S_MM2)), folder)
    _write_series(dce, _by_time(mpmr.dce), folder)


def _plain(array: NDArray[np.uint16], **tags: Any) -> Iterator[Slice]:
    for position, pixels in enumerate(array):
        yield Slice(pixels, position, tags)


def _by_b_value(array: NDArray[np.uint16]) -> Iterator[Slice]:
    for b, volume in zip(B_VALUES_S_MM2, array, strict=True):
        yield from _plain(volume, DiffusionBValue=float(b), DiffusionDirectionality="ISOTROPIC")


def _by_time(array: NDArray[np.uint16]) -> Iterator[Slice]:
    for number, (time_s, volume) in enumerate(zip(DCE_TIMES_S, array, strict=True)):
        clock = _clock(_START_S + 1500 + time_s)
        yield from _plain(
            volume,
            TemporalPositionIdentifier=number + 1,
            TemporalResolution=1000 * (DCE_TIMES_S[1] - DCE_TIMES_S[0]),
            TriggerTime=1000 * time_s,
            AcquisitionTime=clock,
            ContentTime=clock,
            AcquisitionNumber=number + 1,
        )


def _write_series(header: SeriesHeader, slices: Iterable[Slice], folder: Path) -> None:
    target = folder / header.folder
    target.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(slices, start=1):
        dataset = _dataset(header, one, number)
        dataset.save_as(target / f"{number:04d}.dcm", enforce_file_format=True)


def _dataset(header: SeriesHeader, one: Slice, number: int) -> Dataset:
    dataset = Dataset()
    dataset.update(_study_elements())
    _set(dataset, header.tags)
    clock = _clock(_START_S + 300 * header.number)
    _set(dataset, {"AcquisitionTime": clock, "ContentTime": clock, "SeriesTime": clock})
    dataset.SOPInstanceUID = _uid(f"{header.folder}/{number}")
    dataset.SeriesInstanceUID = _uid(header.folder)
    dataset.SeriesNumber = header.number
    dataset.SeriesDescription = f"SIMULATED {header.description}"
    dataset.ProtocolName = dataset.SeriesDescription
    dataset.ImageType = list(header.image_type)
    dataset.InstanceNumber = number
    _place(dataset, header.grid, one.position)
    dataset.WindowCenter, dataset.WindowWidth = header.window
    dataset.RescaleIntercept, dataset.RescaleSlope = 0, 1
    dataset.RescaleType = "US"
    _set(dataset, one.tags)
    _put_pixels(dataset, one.pixels)
    return dataset


def _study_elements() -> Dataset:
    study = Dataset()
    elements = {
        "SOPClassUID": MRImageStorage, "Modality": "MR", "Manufacturer": "SIMULATED",
        "ManufacturerModelName": "napari-medassist sample_data", "MagneticFieldStrength": 3.0,
        "PatientName": "SIMULATED^MPMR", "PatientID": "SIMULATED-0001", "PatientSex": "M",
        "PatientBirthDate": "", "PatientIdentityRemoved": "YES", "PatientPosition": "HFS",
        "DeidentificationMethod": "SIMULATED: no patient exists", "BodyPartExamined": "PROSTATE",
        "StudyInstanceUID": _uid("study"), "FrameOfReferenceUID": _uid("frame"), "StudyID": "1",
        "StudyDescription": "SIMULATED prostate mpMR, not for clinical use", "AccessionNumber": "",
        "ReferringPhysicianName": "", "PositionReferenceIndicator": "", "StudyTime": _clock(_START_S),
        "StudyDate": "20260101", "SeriesDate": "20260101", "AcquisitionDate": "20260101",
        "ContentDate": "20260101", "SequenceVariant": "NONE", "ScanOptions": "", "EchoTrainLength": 1,
    }  # fmt: skip
    _set(study, elements)
    return study


def _place(dataset: Dataset, grid: Grid, position: int) -> None:
    dz, dy, dx = grid.spacing_zyx_mm
    origin = grid.slice_origin_lps_mm(position)
    # Adding 0 turns -0 into 0.
    dataset.ImagePositionPatient = [round(float(c), 6) + 0.0 for c in origin]
    cosines = [*grid.row_lps, *grid.column_lps]
    dataset.ImageOrientationPatient = [round(float(c), 10) + 0.0 for c in cosines]
    dataset.PixelSpacing = [dy, dx]
    dataset.SliceThickness = dz
    dataset.SpacingBetweenSlices = dz
    dataset.SliceLocation = round(float(origin @ grid.normal_lps), 4)


def _put_pixels(dataset: Dataset, pixels: NDArray[np.uint16]) -> None:
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.compress(RLELossless, generate_instance_uid=False)


def _set(dataset: Dataset, elements: dict[str, Any]) -> None:
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)


def _clock(seconds: float) -> str:
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{rest:03d}000"


def _uid(name: str) -> UID:
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, name).int}")
