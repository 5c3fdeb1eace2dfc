"""Make the simulated sample cases that come with napari-medassist.

Run ``python sample_data/make_sample_data.py``: everything beside this script whose name begins with
``simulated-`` is made anew, the same to the voxel each time.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from grids import Grid
from simulate_ct import ORIGIN_LPS_MM, SPACING_ZYX_MM, simulate_ct
from simulate_mpmr import MpMr, simulate_mpmr
from simulate_ultrasound import FRAMES_PER_S, SIZE_YX, simulate_ultrasound
from write_dicom import write_study

NOTICE = "SIMULATED, not for clinical use"


def main() -> None:
    """Read the command line and make what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    make_mpmr(folder)
    make_ct(folder)
    make_ultrasound(folder)
    made = [p for p in folder.glob("simulated-*/**/*") if p.is_file()] + [*folder.glob("simulated-*.*")]
    print(f"{len(made)} files, {sum(p.stat().st_size for p in made) / 1e6:.2f} MB in {folder}")


def make_mpmr(folder: Path) -> None:
    """Write the prostate mpMR study (DICOM) and its label maps (NIfTI)."""
    mpmr = simulate_mpmr()
    study, labels = folder / "simulated-mpmr", folder / "simulated-mpmr-labels"
    for old in (study, labels):
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir()
    write_study(mpmr, study)
    for name in ("reference", "prediction", "zones"):
        _write_nifti(_on_grid(getattr(mpmr, name), mpmr.t2w_grid), labels / f"{name}.nii.gz")
    _print_overlap(mpmr)


def make_ct(folder: Path) -> None:
    """Write the chest CT and its label maps (NIfTI)."""
    ct = simulate_ct()
    grid = Grid(ct.hu.shape, SPACING_ZYX_MM, ORIGIN_LPS_MM, tilt_degrees=0.0)
    _write_nifti(_on_grid(ct.hu, grid), folder / "simulated-ct.nii.gz")
    _write_nifti(_on_grid(ct.opacities, grid), folder / "simulated-ct-opacities.nii.gz")
    _write_nifti(_on_grid(ct.lungs, grid), folder / "simulated-ct-lungs.nii.gz")


def make_ultrasound(folder: Path) -> None:
    """Write the ultrasound clip (MP4, H.264)."""
    _write_mp4(simulate_ultrasound(), folder / "simulated-ultrasound.mp4")


def _on_grid(array: NDArray[np.generic], grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_zyx_mm[::-1])
    image.SetOrigin(grid.origin_lps_mm)
    columns = np.stack([grid.row_lps, grid.column_lps, grid.normal_lps], axis=1)
    image.SetDirection(columns.ravel().tolist())
    image.SetMetaData("ITK_FileNotes", NOTICE)
    return image


def _write_nifti(image: sitk.Image, path: Path) -> None:
    sitk.WriteImage(image, path, useCompression=True, compressionLevel=9)


def _write_mp4(frames: Iterable[NDArray[np.uint8]], path: Path) -> None:
    # x264's macroblock tree gives other bytes from run to run.
    options = {"crf": "23", "preset": "slow", "g": "25", "x264-params": "mbtree=0:threads=1"}
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["title"] = NOTICE
        stream = container.add_stream("libx264", rate=Fraction(FRAMES_PER_S), options=options)
        stream.height, stream.width = SIZE_YX
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(_video_frame(frame)))
        container.mux(stream.encode(None))


def _video_frame(grey: NDArray[np.uint8]) -> av.VideoFrame:
    """Return the frame in the narrow range of video (16 to 235), without colour."""
    luma = np.rint(16 + grey * (219 / 255)).astype(np.uint8)
    colourless = np.full((grey.shape[0] // 2, grey.shape[1]), 128, dtype=np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate([luma, colourless]), format="yuv420p")


def _print_overlap(mpmr: MpMr) -> None:
    reference, prediction = mpmr.reference > 0, mpmr.prediction > 0
    shared = np.count_nonzero(reference & prediction)
    dice = 2 * shared / (np.count_nonzero(reference) + np.count_nonzero(prediction))
    print(f"prediction against reference: Dice {dice:.3f}")


if __name__ == "__main__":
    main()
