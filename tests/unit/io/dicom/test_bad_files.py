"""Broken input: one clear message with the path and what to do, never a traceback of a library."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG4HP41, ExplicitVRLittleEndian, JPEG2000Lossless

from napari_medassist.core.errors import (
    Cancelled,
    CorruptFile,
    FileProblem,
    InvalidGeometry,
    MedAssistError,
    TooLarge,
    UnsupportedFormat,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom import pixels
from napari_medassist.io.dicom.reader import read
from napari_medassist.io.formats.dicom import FORMAT
from tests.dicom_phantom import (
    new_dataset,
    set_pixels,
    slice_dataset,
    write_clip,
    write_enhanced,
    write_series,
)

SHAPE = (5, 16, 16)
GEOMETRY = Geometry(SHAPE, (3.0, 1.0, 1.0))


def stored() -> np.ndarray:
    return np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def one_bad_slice(folder: Path, spoil: Callable[[Dataset], None]) -> Path:
    """Write a series whose slice 2 is spoilt, and return that slice's path."""
    paths = write_series(folder, stored(), GEOMETRY)
    ds = slice_dataset(stored()[2], GEOMETRY, 2)
    spoil(ds)
    ds.save_as(paths[2])
    return paths[2]


def set_tag(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda ds: setattr(ds, keyword, value)


GEOMETRY_FAULTS = {
    "spacing nan": set_tag("PixelSpacing", ["nan", "1"]),
    "spacing zero": set_tag("PixelSpacing", ["0", "0"]),
    "spacing negative": set_tag("PixelSpacing", ["-1", "1"]),
    "spacing single": set_tag("PixelSpacing", "1"),
    "position nan": set_tag("ImagePositionPatient", ["nan", "0", "0"]),
    "position infinite": set_tag("ImagePositionPatient", ["0", "0", "inf"]),
    "orientation null": set_tag("ImageOrientationPatient", ["0"] * 6),
    "orientation parallel": set_tag("ImageOrientationPatient", ["1", "0", "0", "1", "0", "0"]),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fault", GEOMETRY_FAULTS)
def test_a_slice_that_cannot_be_placed_takes_its_series_out(tmp_path: Path, fault: str) -> None:
    bad = one_bad_slice(tmp_path / "a", GEOMETRY_FAULTS[fault])
    write_series(tmp_path / "b", stored(), GEOMETRY, SeriesInstanceUID="1.2.3.7", SeriesNumber=7)
    loaded = read(tmp_path)
    assert [s.name for s in loaded.series] == ["7 phantom"]
    assert len(loaded.warnings) == 1
    assert str(bad) in loaded.warnings[0]
    assert "'4 phantom' was left out" in loaded.warnings[0]
    with pytest.raises(InvalidGeometry) as caught:
        read(bad)
    assert str(bad) in str(caught.value)


def cut(n_bytes: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, path.stat().st_size - n_bytes)


def rewrite(change: Callable[[Dataset], None]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        ds = slice_dataset(stored()[2], GEOMETRY, 2)
        change(ds)
        ds.save_as(path)

    return spoil


def without_pixels(ds: Dataset) -> None:
    del ds.PixelData


def unknown_syntax(ds: Dataset) -> None:
    ds.file_meta.TransferSyntaxUID = "1.2.3.4.5"
    ds.set_original_encoding(is_implicit_vr=False, is_little_endian=True)


def no_real_jpeg(ds: Dataset) -> None:
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    ds.PixelData = encapsulate([b"this is no codestream"])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


PIXEL_FAULTS = {
    "truncated": (cut(100), CorruptFile),
    "cut to the header": (cut(512), CorruptFile),
    "no pixel data": (rewrite(without_pixels), CorruptFile),
    "unknown transfer syntax": (rewrite(unknown_syntax), UnsupportedFormat),
    "no real JPEG 2000": (rewrite(no_real_jpeg), CorruptFile),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fault", PIXEL_FAULTS)
def test_a_slice_without_good_pixels_takes_its_series_out(tmp_path: Path, fault: str) -> None:
    spoil, error = PIXEL_FAULTS[fault]
    bad = write_series(tmp_path / "a", stored(), GEOMETRY)[2]
    spoil(bad)
    write_series(tmp_path / "b", stored(), GEOMETRY, SeriesInstanceUID="1.2.3.7", SeriesNumber=7)
    loaded = read(tmp_path)
    assert [s.name for s in loaded.series] == ["7 phantom"]
    assert len(loaded.warnings) == 1
    assert str(bad) in loaded.warnings[0]
    with pytest.raises(error) as caught:
        read(tmp_path / "a")
    assert caught.value.path == bad
    assert caught.value.cure


def test_a_cut_compressed_file_is_not_shown_with_made_up_pixels(tmp_path: Path) -> None:
    whole = Path(str(get_testdata_file("MR_small_jp2klossless.dcm", download=False))).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole)
    assert len(read(path).series) == 1
    path.write_bytes(whole[:-200])
    with pytest.raises(CorruptFile, match="break off"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.dcm", b"", CorruptFile),
        ("text.dcm", b"not an image at all" * 50, UnsupportedFormat),
        ("preamble only.dcm", b"\0" * 128 + b"DICM", FileProblem),
        ("meta only.dcm", b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00\xff\xff\xff\x7f", FileProblem),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_files_that_are_dicom_by_name_only(
    tmp_path: Path, name: str, content: bytes, error: type[MedAssistError]
) -> None:
    path = tmp_path / "a" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(error, match=name):
        read(path)
    with pytest.raises(MedAssistError):
        read(path.parent)
    write_series(tmp_path / "b", stored(), GEOMETRY)
    loaded = read(tmp_path)
    assert len(loaded.series) == 1
    assert name in "".join(loaded.warnings)


@pytest.mark.parametrize(
    "claim",
    [
        {"NumberOfFrames": 10_000},
        {"Rows": 60_000, "Columns": 60_000},
        {"Rows": 0},
        {"NumberOfFrames": -3},
        {"BitsAllocated": 64, "Columns": 40_000},
    ],
    ids=str,
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(
    tmp_path: Path, claim: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "zeros", forbidden)
    monkeypatch.setattr(np, "empty", forbidden)
    clip = tmp_path / "clip.dcm"
    write_clip(clip, np.ones((2, 16, 16), np.uint8), **claim)
    with pytest.raises(CorruptFile, match="claims"):
        read(clip)
    enhanced = tmp_path / "enhanced.dcm"
    write_enhanced(enhanced, np.ones((2, 16, 16), np.uint8), GEOMETRY, [(0, {}), (1, {})], **claim)
    with pytest.raises(MedAssistError, match=r"claims|describes the place of"):
        read(enhanced)


def forbidden(*_args: object, **_kwargs: object) -> None:
    raise AssertionError("memory was asked for")


def test_compressed_claims_cannot_exceed_the_memory(tmp_path: Path) -> None:
    """A JPEG of a few bytes may claim any size: there the machine's memory is the limit."""
    ds = slice_dataset(stored()[0], GEOMETRY, 0)
    no_real_jpeg(ds)
    ds.Rows, ds.Columns, ds.BitsAllocated = 65_535, 65_535, 16
    ds.SamplesPerPixel = 1
    path = tmp_path / "huge.dcm"
    ds.save_as(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels, "_memory_bytes", lambda: 8 * 2**30)
        with pytest.raises(TooLarge, match="GiB"):
            read(path)


def test_a_volume_that_does_not_fit_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path, stored(), GEOMETRY)
    monkeypatch.setattr(pixels, "_memory_bytes", lambda: 1000)
    with pytest.raises(TooLarge, match=str(tmp_path)):
        read(tmp_path)


def test_memory_that_runs_out_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_args: object, **_kwargs: object) -> None:
        raise MemoryError

    write_series(tmp_path, stored(), GEOMETRY)
    monkeypatch.setattr(np, "zeros", no_memory)
    with pytest.raises(TooLarge, match="not enough memory"):
        read(tmp_path)


#: Single bytes of the stream of SC_rgb_jpeg_gdcm.dcm at which GDCM ends the process.
DEADLY = [(2, 0), (3, 0), (5, 255), (17, 255), (22, 255), (22, 0), (37, 0), (38, 0)]


@pytest.mark.parametrize(("offset", "value"), DEADLY)
def test_broken_lossless_jpeg_does_not_end_the_process(tmp_path: Path, offset: int, value: int) -> None:
    whole = bytearray(Path(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm", download=False))).read_bytes())
    path = tmp_path / "jpeg.dcm"
    path.write_bytes(whole)
    assert len(read(path).series) == 1
    whole[whole.rfind(b"\xff\xd8\xff") + offset] = value
    path.write_bytes(whole)
    with pytest.raises(CorruptFile, match="JPEG stream is broken"):
        read(path)


def test_video_streams_say_what_to_do(tmp_path: Path) -> None:
    ds = slice_dataset(stored()[0], GEOMETRY, 0)
    no_real_jpeg(ds)
    ds.file_meta.TransferSyntaxUID = MPEG4HP41
    ds.save_as(tmp_path / "video")
    with pytest.raises(UnsupportedFormat, match="MP4"):
        read(tmp_path / "video")


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnsupportedFormat, match="no DICOM image") as caught:
        read(tmp_path)
    assert caught.value.path == tmp_path
    assert caught.value.cure


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        read(tmp_path / "nowhere")


def test_other_objects_are_named_and_passed_over(tmp_path: Path) -> None:
    report = new_dataset("1.2.840.10008.5.1.4.1.1.88.11", Modality="SR", SeriesInstanceUID="1.2.3.4")
    report.save_as(tmp_path / "report", enforce_file_format=True)
    with pytest.raises(UnsupportedFormat, match="structured report"):
        read(tmp_path)
    write_series(tmp_path / "b", stored(), GEOMETRY)
    loaded = read(tmp_path)
    assert len(loaded.series) == 1
    assert str(tmp_path / "report") in loaded.warnings[0]
    assert "SECRET" not in loaded.warnings[0]


def test_slices_without_a_place_make_no_volume(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY, ImagePositionPatient=None)
    with pytest.raises(MedAssistError, match="5 images do not state their place"):
        read(tmp_path)


def test_a_lone_image_without_a_place_is_shown_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, stored()[:1], GEOMETRY, ImagePositionPatient=None)
    (clip,) = read(tmp_path).series
    assert "no place in the patient" in clip.warnings[0]


def test_headers_without_preamble_are_recognised(tmp_path: Path) -> None:
    ds = slice_dataset(stored()[0], GEOMETRY, 0, SliceThickness="3")
    path = tmp_path / "old"
    del ds.file_meta
    ds.preamble = None
    ds.save_as(path, implicit_vr=True, little_endian=True)
    assert FORMAT.sniff(path)
    (volume,) = read(path).series
    np.testing.assert_array_equal(volume.array[0], stored()[0])


def test_sniffing_never_raises(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x08\x00" + bytes(range(256)) * 4)
    assert not FORMAT.sniff(junk)
    assert not FORMAT.sniff(tmp_path / "nowhere")
    assert not FORMAT.sniff(tmp_path)


def test_cancelling_stops_at_once(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY)
    calls = []

    def cancel(done: int, _total: int, _message: str) -> None:
        calls.append(done)
        if done == 7:
            raise Cancelled("The user stopped the work.")

    with pytest.raises(Cancelled):
        read(tmp_path, cancel)
    assert calls[-1] == 7


def test_the_stated_encoding_of_a_phantom(tmp_path: Path) -> None:
    """The phantoms are what they claim: otherwise the tests above would prove little."""
    ds = slice_dataset(stored()[0], GEOMETRY, 0)
    set_pixels(ds, stored()[0])
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert len(ds.PixelData) == 16 * 16 * 2
