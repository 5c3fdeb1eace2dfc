"""Clips that are one video stream, against plain decoding of the stream they were made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HEVCMP51,
    MPEG2MPML,
    MPEG4HP41,
    UID,
    VideoEndoscopicImageStorage,
    generate_uid,
)

from napari_medassist.core.errors import CorruptFile, MedAssistError
from napari_medassist.core.video import VideoClip
from napari_medassist.io.dicom import clips
from napari_medassist.io.dicom.reader import read
from napari_medassist.io.dicom.video_stream import StreamFrames
from tests.dicom_phantom import new_dataset

N_FRAMES, HEIGHT, WIDTH = 30, 48, 64
#: Container (a bare stream has no time stamps), encoder, transfer syntax.
KINDS = [
    ("h264", "libx264", MPEG4HP41),
    ("mp4", "libx264", MPEG4HP41),
    ("mpegts", "libx264", MPEG4HP41),
    ("mpeg2video", "mpeg2video", MPEG2MPML),
    ("hevc", "libx265", HEVCMP51),
]


def _stream(path: Path, container: str, codec: str) -> bytes:
    """Encode frames that get brighter, with frames that are stored out of order."""
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec} here")
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 12
        stream.codec_context.max_b_frames = 2
        for number in range(N_FRAMES):
            picture = np.full((HEIGHT, WIDTH, 3), number * 8, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path.read_bytes()


def _write(path: Path, stream: bytes, syntax: UID, n_fragments: int = 1, **tags: Any) -> Path:
    ds = new_dataset(VideoEndoscopicImageStorage, Modality="ES", SeriesInstanceUID=generate_uid())
    ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = 1, 1, "EUS"
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.FrameTime = HEIGHT, WIDTH, N_FRAMES, 40
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([stream], fragments_per_frame=n_fragments, has_bot=False)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.save_as(path, enforce_file_format=True)
    return path


def _clip(path: Path) -> VideoClip:
    loaded = read(path)
    assert loaded.warnings == ()
    (clip,) = loaded.series
    assert isinstance(clip, VideoClip)
    return clip


@pytest.mark.parametrize("n_fragments", [1, 3])
@pytest.mark.parametrize(("container", "codec", "syntax"), KINDS, ids=[k[0] for k in KINDS])
def test_every_frame_is_the_one_that_plain_decoding_gives(
    container: str, codec: str, syntax: UID, n_fragments: int, tmp_path: Path
) -> None:
    made = tmp_path / "stream"
    stream = _stream(made, container, codec)
    with av.open(str(made)) as plain:
        truth = [frame.to_ndarray(format="rgb24") for frame in plain.decode(video=0)]
    (tmp_path / "case").mkdir()
    clip = _clip(_write(tmp_path / "case" / "clip.dcm", stream, syntax, n_fragments))
    assert clip.is_rgb
    np.testing.assert_array_equal(clip.frames, truth)
    assert clip.frame_times_s == pytest.approx([0.04 * i for i in range(N_FRAMES)])
    assert (np.diff([frame.mean() for frame in np.asarray(clip.frames)]) >= 0).all()  # in order


def test_long_clips_are_decoded_when_looked_at_and_backwards_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path / "clip.dcm", _stream(tmp_path / "s", "h264", "libx264"), MPEG4HP41)
    whole = np.asarray(_clip(path).frames)
    monkeypatch.setattr(clips, "LAZY_ABOVE_BYTES", 1000)
    monkeypatch.setattr("napari_medassist.io.dicom.video_stream._CACHE_BYTES", 1000)
    lazy = _clip(path).frames
    assert not isinstance(lazy, np.ndarray)
    for number in (20, 5, 21, 0, 29):
        np.testing.assert_array_equal(np.asarray(lazy[number]), whole[number])


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_medassist.io.dicom.video_stream._CACHE_BYTES", 1000)
    path = _write(tmp_path / "clip.dcm", _stream(tmp_path / "s", "h264", "libx264"), MPEG4HP41)
    from napari_medassist.io.dicom.header import header_of
    from napari_medassist.io.dicom.scan import read_header

    frames = StreamFrames(header_of(path, read_header(path)))
    frames.frame(25)
    assert len(frames._cache) == 4


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"NumberOfFrames": N_FRAMES + 5}, "ends at frame 31"),
        ({"Rows": HEIGHT * 2}, "has frames of"),
        ({"NumberOfFrames": 2**31 - 1}, "2,147,483,647 frames"),
    ],
    ids=["too few frames", "other size", "absurd claim"],
)
def test_a_header_that_claims_something_else(tags: dict[str, Any], told: str, tmp_path: Path) -> None:
    stream = _stream(tmp_path / "s", "h264", "libx264")
    path = _write(tmp_path / "clip.dcm", stream, MPEG4HP41, **tags)
    with pytest.raises(CorruptFile, match=told) as caught:
        read(path)
    assert caught.value.cure


def test_a_stream_that_breaks_off_or_is_none(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.dcm", _stream(tmp_path / "s", "h264", "libx264"), MPEG4HP41)
    whole = path.read_bytes()
    path.write_bytes(whole[:-300])
    with pytest.raises(MedAssistError, match=r"break|cut|cannot be read"):
        read(path)
    noise = np.random.default_rng(0).bytes(4000)
    with pytest.raises(CorruptFile, match="video stream"):
        read(_write(path, noise, MPEG4HP41))
