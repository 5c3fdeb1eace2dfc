"""Text in pixels: found where it was written, not in speckle, and black in the copy afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from napari_medassist.cli.main import main
from napari_medassist.io.dicom.header import header_of
from napari_medassist.io.sharing.burned_in import (
    Box,
    black_out,
    doubt_of,
    sampled_frames,
    stated_regions,
    text_boxes,
)
from napari_medassist.io.sharing.share import Blacking, share
from tests.dicom_phantom import write_clip

#: Letters of 7 x 5 pixels, drawn twice as large.
_LETTERS = {
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "N": "10001 11001 10101 10101 10011 10001 10001",
}
TOP, LEFT = 8, 20


def write_text(
    frame: np.ndarray, text: str, top: int = TOP, left: int = LEFT, bright: int = 230
) -> None:
    for letter in text:
        shape = np.array([[int(c) for c in row] for row in _LETTERS[letter].split()], bool)
        large = np.kron(shape, np.ones((2, 2), bool))
        frame[TOP : TOP + 14, left : left + 10][large] = 230
        left += 13


def ultrasound(n_frames: int = 6, text: str = "HELEN") -> np.ndarray:
    """Moving speckle on black, with a name above it."""
    chance = np.random.default_rng(3)
    frames = np.zeros((n_frames, 160, 220), np.uint8)
    frames[:, 40:150, 20:200] = np.clip(chance.rayleigh(45, (n_frames, 110, 180)), 0, 255)
    for frame in frames:
        write_text(frame, text)
    return frames


def covers(box: Box, text: str = "HELEN") -> bool:
    right = LEFT + 13 * len(text) - 3
    return box.left <= LEFT and box.right >= right and box.top <= TOP and box.bottom >= TOP + 14


def test_a_name_above_the_speckle_is_found_and_nothing_else() -> None:
    (box,) = text_boxes(list(ultrasound()))
    assert covers(box)
    assert box.bottom < 40


def test_moving_speckle_alone_is_no_text() -> None:
    assert text_boxes(list(ultrasound(text=""))) == ()


def test_coloured_text_and_text_in_the_tissue_region_are_found() -> None:
    frames = np.zeros((2, 160, 220, 3), np.uint8)
    for frame in frames:
        write_text(frame[..., 1], "HELEN")
    (box,) = text_boxes(list(frames), (Box(0, 0, 220, 160),))
    assert covers(box)


def test_two_letters_within_the_tissue_region_are_not_taken_for_a_word() -> None:
    frame = np.zeros((160, 220), np.uint8)
    write_text(frame, "HE")
    assert text_boxes([frame])
    assert text_boxes([frame], (Box(0, 0, 220, 160),)) == ()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    write_clip(folder / "clip.dcm", ultrasound(), FrameTime=40)
    return folder


def test_the_copy_is_black_there_and_the_source_is_as_it_was(clip: Path, tmp_path: Path) -> None:
    before = (clip / "clip.dcm").read_bytes()
    blacking = Blacking(found=True, everywhere=(Box(0, 150, 220, 160),))
    found = share(clip, tmp_path / "out", tmp_path / "m.json", keep_doubtful=True, blacking=blacking)
    assert "may hold text at x 17-" in found.warnings[0]
    assert "2 boxes blacked out" in found.warnings[0]
    copy = dcmread(next((tmp_path / "out").rglob("*.dcm")))
    assert not copy.pixel_array[:, :30].any()
    assert np.array_equal(copy.pixel_array[:, 40:150], ultrasound()[:, 40:150])
    assert (clip / "clip.dcm").read_bytes() == before


def test_boxes_drawn_for_a_file_replace_those_that_were_found(clip: Path, tmp_path: Path) -> None:
    blacking = Blacking(found=True, drawn={clip / "clip.dcm": ()})
    found = share(clip, tmp_path / "out", tmp_path / "m.json", keep_doubtful=True, blacking=blacking)
    assert "blacked out" not in found.warnings[0]
    copy = dcmread(next((tmp_path / "out").rglob("*.dcm")))
    assert np.array_equal(copy.pixel_array, ultrasound())


def test_the_shell_blacks_out_too(clip: Path, tmp_path: Path, capsys) -> None:
    out = ["share", str(clip), "--out", str(tmp_path / "out"), "--mapping", str(tmp_path / "m.json")]
    assert main([*out, "--with-burned-in", "--black-out", "0,0,220,40"]) == 1
    assert "may hold text" in capsys.readouterr().err
    assert not dcmread(next((tmp_path / "out").rglob("*.dcm"))).pixel_array[:, :40].any()
    with pytest.raises(SystemExit):
        main([*out, "--with-burned-in", "--black-out", "5,5,5,9"])


def test_what_says_no_is_taken_at_its_word_and_a_stream_is_told(clip: Path) -> None:
    dataset = dcmread(clip / "clip.dcm")
    header = header_of(clip / "clip.dcm", dataset)
    dataset.BurnedInAnnotation = "NO"
    assert doubt_of(header, dataset) is None
    dataset.BurnedInAnnotation = "YES"
    doubt = doubt_of(header, dataset, looks=False)
    assert doubt is not None
    assert "burned in" in doubt.why


@pytest.mark.parametrize(
    ("name", "least"),
    [("examples_palette.dcm", 15), ("examples_ybr_color.dcm", 3), ("examples_rgb_color.dcm", 4)],
)
def test_words_on_pydicoms_ultrasound_are_found_and_gone_when_blacked_out(
    name: str, least: int, tmp_path: Path
) -> None:
    path = Path(str(get_testdata_file(name)))
    dataset = dcmread(path)
    boxes = text_boxes(sampled_frames(header_of(path, dataset)), stated_regions(dataset))
    assert len(boxes) >= least
    black_out(dataset, boxes)
    dataset.save_as(tmp_path / "black.dcm", enforce_file_format=True)
    again: Dataset = dcmread(tmp_path / "black.dcm")
    shown = sampled_frames(header_of(tmp_path / "black.dcm", again))
    assert text_boxes(shown, stated_regions(again)) == ()
    box = boxes[0]
    # black after the palette or the colour transform, not only stored as 0
    assert max(int(f[box.top : box.bottom, box.left : box.right].max()) for f in shown) <= 2
