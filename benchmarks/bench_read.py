"""Read a study: ours against SimpleITK on the same files, up to NumPy arrays."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

import napari_medassist as ma
from timing import medians_ms, print_ratios

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "simulated-mpmr"
N_SLICES = 300


def read_with_ours(folder: Path) -> int:
    """Read a folder as a case, every voxel; return the number of voxels."""
    return sum(np.asarray(volume.array).size for volume in ma.read(folder).volumes())


def read_with_simple_itk(folder: Path) -> int:
    """Read every series, and every other image, of a folder; return the number of voxels."""
    arrays = [sitk.GetArrayFromImage(image) for image in simple_itk_images(folder)]
    return sum(array.size for array in arrays)


def simple_itk_images(folder: Path) -> list[sitk.Image]:
    """Return one image a DICOM series, and one a file of the other formats."""
    found = []
    for place in (folder, *sorted(p for p in folder.rglob("*") if p.is_dir())):
        for series in sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place)):
            names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(place), series)
            found.append(sitk.ReadImage(names))
    endings = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
    single = [p for p in sorted(folder.rglob("*")) if p.name.endswith(endings)]
    return [*found, *(sitk.ReadImage(p) for p in single)]


def write_ct(folder: Path) -> None:
    """Write a CT of 300 slices of 512x512 as DICOM: a body with noise, spacing 1x0.8x0.8 mm."""
    rng = np.random.default_rng(0)
    y, x = np.ogrid[-1:1:512j, -1:1:512j]
    body = np.where((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1, 40, -1000)
    noise = rng.normal(0, 12, size=(512, 512))
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    for number in range(N_SLICES):
        pixels = (body + np.roll(noise, number) + 1024).astype(np.uint16)
        ds = ct_slice(pixels, number)
        ds.SeriesInstanceUID, ds.StudyInstanceUID, ds.FrameOfReferenceUID = series, study, frame
        ds.save_as(folder / f"{generate_uid()}.dcm", enforce_file_format=True)


def ct_slice(pixels: np.ndarray, number: int) -> FileDataset:
    """Return one slice, ready for its identifiers of series and study."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.SeriesDescription, ds.SeriesNumber = "CT", "SIMULATED torso", 1
    ds.InstanceNumber, ds.ImagePositionPatient = number + 1, [-204.8, -204.8, float(number)]
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.8, 0.8]
    ds.SliceThickness, ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1.0, 1, -1024, "HU"
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = pixels.tobytes()
    return ds


def compare(title: str, folder: Path, *, repeats: int) -> None:
    """Measure and print one folder."""
    runs = {
        "napari-medassist": lambda: read_with_ours(folder),
        "SimpleITK": lambda: read_with_simple_itk(folder),
    }
    notes = {name: f"{run():,} voxels" for name, run in runs.items()}
    print_ratios(title, medians_ms(runs, repeats=repeats), notes)


def main() -> None:
    """Measure and print."""
    sitk.ProcessObject.SetGlobalWarningDisplay(flag=False)  # it warns of several b-values in a series
    print(f"pydicom {pydicom.__version__}, SimpleITK {sitk.__version__}")
    compare("bundled study (simulated mpMR)", SAMPLE, repeats=5)
    with TemporaryDirectory() as folder:
        write_ct(Path(folder))
        compare(f"CT, {N_SLICES} DICOM slices of 512x512", Path(folder), repeats=3)


if __name__ == "__main__":
    main()
