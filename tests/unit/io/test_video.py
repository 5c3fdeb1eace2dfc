"""Video: exact counts, exact random access, damaged files. The truth is plain decoding."""

from __future__ import annotations

import pickle
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from napari_medassist.core.errors import Cancelled, CorruptFile
from napari_medassist.core.progress import silent
from napari_medassist.core.video import VideoClip
from napari_medassist.io.formats.video import FORMAT
from napari_medassist.io.video_frames import VideoFrames
from napari_medassist.io.video_index import index_video

N_FRAMES = 50
#: File name, codec, settings. H.264 in AVI hides its order; open-gop shows frames before their key.
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("h264.mp4", "libx264", {}),
    ("opengop.mp4", "libx264", {"options": {"x264-params": "open-gop=1:keyint=12"}}),
    ("h264.avi", "libx264", {}),
    ("mpeg4.avi", "mpeg4", {}),
    ("mpeg4_b.avi", "mpeg4", {"b_frames": 2}),
    ("mpeg4_b.mov", "mpeg4", {"b_frames": 2}),
    ("mjpeg.avi", "mjpeg", {"pixels": "yuvj420p"}),
    ("grey.mov", "png", {"pixels": "gray"}),
]
IDS = [kind[0] for kind in KINDS]


def _make(
    path: Path,
    codec: str,
    *,
    options: dict[str, str] | None = None,
    pixels: str = "yuv420p",
    b_frames: int | None = None,
    first_stamp: int = 0,
    audio: bool = False,
) -> Path:
    """Encode a clip whose frames all differ; 25 frames a second, a key frame every 12."""
    with av.open(path, "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.codec_context.gop_size = 12
        if b_frames is not None:
            stream.codec_context.max_b_frames = b_frames
        sound = container.add_stream("aac", rate=8000) if audio else None
        for number in range(N_FRAMES):
            image = np.full((48, 64, 3), 4 * number, np.uint8)
            image[:, : number + 1, 0] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if first_stamp:
                frame.pts = number + first_stamp
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            container.mux(sound.encode(silence))
            container.mux(sound.encode())
    return path


def _decoded(path: Path, grey: bool = False) -> list[np.ndarray]:
    with av.open(path) as container:
        frames = container.decode(video=0)
        return [frame.to_ndarray(format="gray" if grey else "rgb24") for frame in frames]


def _read(path: Path) -> VideoClip:
    (clip,) = FORMAT.read(path, silent).series
    assert isinstance(clip, VideoClip)
    return clip


@pytest.mark.parametrize(("name", "codec", "settings"), KINDS, ids=IDS)
def test_every_frame_in_any_order_is_the_one_that_plain_decoding_gives(
    name: str, codec: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    path = _make(tmp_path / name, codec, **settings)
    truth = _decoded(path, grey="pixels" in settings and settings["pixels"] == "gray")
    clip = _read(path)
    assert FORMAT.sniff(path)
    assert clip.n_frames == len(truth) == N_FRAMES
    assert clip.is_rgb == (truth[0].ndim == 3)
    assert clip.warnings == ()
    assert clip.role == "us"
    assert clip.frame_times_s == pytest.approx([i / 25 for i in range(N_FRAMES)])
    order = np.random.default_rng(0).permutation(N_FRAMES)
    for number in order:
        np.testing.assert_array_equal(np.asarray(clip.frames[int(number)]), truth[number])


@pytest.mark.parametrize(("name", "codec", "settings"), KINDS, ids=IDS)
def test_each_frame_is_right_when_it_is_the_first_that_is_asked_for(
    name: str, codec: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    path = _make(tmp_path / name, codec, **settings)
    truth = _decoded(path, grey="pixels" in settings and settings["pixels"] == "gray")
    index = index_video(path, silent)
    for number in (0, 1, 11, 12, 13, 35, N_FRAMES - 1):
        frames = VideoFrames(path, index, (N_FRAMES, *truth[0].shape))
        np.testing.assert_array_equal(frames[number], truth[number])


def test_sound_is_noticed_and_does_not_count_as_frames(tmp_path: Path) -> None:
    clip = _read(_make(tmp_path / "a.mp4", "libx264", audio=True))
    assert clip.has_audio
    assert clip.n_frames == N_FRAMES
    assert not _read(_make(tmp_path / "b.mp4", "libx264")).has_audio


def test_frames_that_an_edit_list_hides_are_not_counted(tmp_path: Path) -> None:
    path = _make(tmp_path / "a.mp4", "libx264", first_stamp=-5)
    assert _read(path).n_frames == len(_decoded(path))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("b.avi", "mjpeg"), ("c.avi", "libx264")]
)
@pytest.mark.parametrize("part", [0.8, 0.9, 0.97])
def test_what_is_left_of_a_cut_file_is_read_with_a_warning(
    name: str, codec: str, part: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = _make(tmp_path / name, codec, pixels=pixels)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    clip = _read(path)
    assert np.asarray(clip.frames).shape == (clip.n_frames, 48, 64, 3)
    if clip.n_frames < N_FRAMES:
        assert f"{clip.n_frames} of {N_FRAMES} frames" in clip.warnings[0]
    assert 10 < clip.n_frames <= N_FRAMES
    assert "".join(capfd.readouterr()) == ""


def test_what_is_shown_otherwise_than_the_file_asks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(path, "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
            stream.set_display_rotation(90)
        for stream in streams:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
    told = " ".join(_read(path).warnings)
    for word in ("2 picture streams", "turned by", "not square", "10 bits"):
        assert word in told


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(CorruptFile, match="no pictures"):
        _read(path)


def test_a_still_image_in_the_same_container_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "photo.mov"
    path.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    assert not FORMAT.sniff(path)


@pytest.fixture
def frames(tmp_path: Path) -> VideoFrames:
    path = _make(tmp_path / "a.mp4", "libx264")
    return VideoFrames(path, index_video(path, silent), (N_FRAMES, 48, 64, 3))


def test_indexing_is_that_of_numpy(frames: VideoFrames) -> None:
    whole = np.asarray(frames)
    for key in (3, -1, slice(2, 9, 3), (4, slice(0, 5)), ..., (..., 0), (slice(1, 3), 5, 6), [1, 7]):
        np.testing.assert_array_equal(frames[key], whole[key])
    with pytest.raises(IndexError):
        frames[N_FRAMES]


def test_a_frame_cannot_be_painted_on(frames: VideoFrames) -> None:
    with pytest.raises(ValueError, match="read-only"):
        frames[0][0, 0] = 1


def test_the_cache_is_bounded(frames: VideoFrames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_room", 4)
    for number in range(N_FRAMES):
        frames[number]
    assert len(frames._cache) == 4


def test_playing_forward_decodes_each_frame_once(
    frames: VideoFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeks: list[int] = []
    seek = frames._seek
    monkeypatch.setattr(frames, "_seek", lambda key: (seeks.append(key), seek(key)))
    for number in range(12):
        frames[number]
    assert seeks == [0]


def test_threads_get_their_own_frames(frames: VideoFrames) -> None:
    whole = np.asarray(frames).copy()
    frames._cache.clear()
    wrong: list[int] = []

    def look(seed: int) -> None:
        asked = np.random.default_rng(seed).integers(0, N_FRAMES, 40).tolist()
        wrong.extend(n for n in asked if not np.array_equal(frames[n], whole[n]))

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closing_lets_go_of_the_file_and_access_opens_it_again(frames: VideoFrames) -> None:
    first = frames[20]
    assert _is_open(frames.path)
    frames.close()
    assert not _is_open(frames.path)
    frames._cache.clear()
    np.testing.assert_array_equal(frames[20], first)


def _is_open(path: Path) -> bool:
    links = Path("/proc/self/fd")
    if not links.is_dir():
        pytest.skip("needs /proc to see open files")
    return any(link.exists() and link.resolve() == path.resolve() for link in links.iterdir())


def test_it_can_go_to_another_process(frames: VideoFrames) -> None:
    again = pickle.loads(pickle.dumps(frames))  # noqa: S301 - our own object
    np.testing.assert_array_equal(again[7], frames[7])


def test_a_file_that_vanished_is_named(frames: VideoFrames) -> None:
    frames.path.unlink()
    with pytest.raises(CorruptFile, match=r"a\.mp4"):
        frames[3]


def test_counting_can_be_cancelled(tmp_path: Path) -> None:
    def stop(_done: int, _total: int, _message: str) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        FORMAT.read(_make(tmp_path / "a.mp4", "libx264"), stop)
