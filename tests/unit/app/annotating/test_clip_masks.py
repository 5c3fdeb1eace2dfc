"""Masks of a clip are kept as label maps are: a killed process leaves them on the disk."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.annotation.clips.masks import new_mask
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.annotation.map_about import about_map
from napari_medassist.annotation.map_edit import MapEdit, PackedMap
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.app.annotating.labels import annotated, range_of_label
from napari_medassist.app.annotating.operations import OPERATIONS, Asked
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.app.annotating.tools import NOT_ON_CLIPS, Tool, ToolSettings, clicked, dragged
from napari_medassist.app.clips.mask_layers import clip_of, mask_layer, write_clip_masks
from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.layer_data import LayerLink
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.video import VideoClip

TIMES = (0.0, 0.1, 0.2, 0.4, 0.5)


def a_clip(seed: int = 0, spacing_yx_mm: tuple[float, float] | None = (0.5, 0.5)) -> VideoClip:
    frames = np.random.default_rng(seed).integers(0, 90, (5, 40, 50)).astype(np.uint8)
    frames[:, 10:20, 10:20] = 200
    return VideoClip(frames, TIMES, spacing_yx_mm, name=f"clip {seed}")


def a_case() -> Case:
    return Case("clips", (a_clip(0), a_clip(1)))


def draw(home: Path) -> None:
    """Draw on two frames, fill between them, undo and redo that; tell, and wait to be killed."""
    recording, case = Recording(home), a_case()
    recording.open(case)
    masks = new_mask(case.series[1])
    about = about_map("Masks", LabelScheme(), None, ClipKey.of(case.series[1]).fingerprint)
    recording.know("m", about, masks)
    recording.record(MapEdit.added("New mask", "m", about, masks))
    for frame in (1, 3):
        box = (slice(frame, frame + 1), slice(5, 15), slice(5, 15))
        stroke = voxel_edit("Brush", "m", masks, [Dab(box, None, masks[box].ravel(), 1)])
        recording.do(stroke)
    on = annotated(masks, (1.0, 0.5, 0.5), _link(case), None)
    change = OPERATIONS["Interpolate"].run(on, Asked(1))
    before = masks[change.indices()]
    recording.do(
        voxel_edit("Interpolate", "m", masks, [Dab(None, change.indices(), before, change.values)])
    )
    recording.undo()
    recording.redo()
    recording.flush()
    os.write(1, b"drawn")
    signal.pause()


def _link(case: Case) -> LayerLink:
    return LayerLink(case.series[1], case, DisplayFrame.of_case(case))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_the_masks_and_their_steps(tmp_path: Path) -> None:
    program = "import sys, pathlib; import tests.unit.app.annotating.test_clip_masks as t"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{program}; t.draw(pathlib.Path(sys.argv[1]))", str(tmp_path)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert select.select([child.stdout], [], [], 60)[0]
    assert os.read(child.stdout.fileno(), 16) == b"drawn"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    recording, case = Recording(tmp_path), a_case()
    recording.open(case)
    assert recording.waiting is not None
    recording.restore()
    masks, about = recording.document.maps["m"], recording.document.about["m"]
    assert [int(frame.sum()) for frame in masks] == [0, 100, 100, 100, 0]
    assert clip_of(about, masks.shape, case) is case.series[1]
    recording.undo()
    assert [int(frame.sum()) for frame in masks] == [0, 100, 0, 100, 0]
    recording.close()


def test_masks_of_a_clip_that_is_not_there_find_none() -> None:
    about = about_map("Masks", LabelScheme(), None, ClipKey.of(a_clip(7)).fingerprint)
    assert clip_of(about, (5, 40, 50), a_case()) is None


def test_a_packed_map_comes_back_plane_by_plane_and_knows_if_it_is_empty() -> None:
    voxels = np.random.default_rng(1).integers(0, 300, (7, 33, 41)).astype(np.uint16)
    voxels[2] = 0
    packed = PackedMap.of(voxels)
    assert np.array_equal(packed.voxels(), voxels)
    assert not packed.is_empty
    assert PackedMap.of(np.zeros((3, 4, 5), np.uint8)).is_empty


@pytest.mark.parametrize("spacing", [(0.5, 0.5), None])
def test_the_brush_is_round_in_mm_or_in_pixels_and_stays_in_its_frame(spacing) -> None:
    clip = a_clip(0, spacing)
    case = Case("clip", (clip,))
    masks = new_mask(clip)
    link = LayerLink(clip, case, DisplayFrame.of_case(case))
    on = annotated(masks, (1.0, *(spacing or (1.0, 1.0))), link, None)
    settings = ToolSettings(radius_mm=4.0)
    dragged(on, Tool.BRUSH, settings, (2, 20, 25), (2, 20, 25), 0).apply_to(masks)
    assert not masks[[0, 1, 3, 4]].any()
    radius_px = 8 if spacing else 4
    assert masks[2].sum() == pytest.approx(np.pi * radius_px**2, rel=0.08)


def test_range_brush_and_growing_look_at_the_pixels_of_the_frame() -> None:
    case = a_case()
    masks = new_mask(case.series[1])
    on = annotated(masks, (1.0, 0.5, 0.5), _link(case), None)
    settings = ToolSettings(low=150, high=255, radius_mm=20)
    dragged(on, Tool.RANGE_BRUSH, settings, (1, 15, 15), (1, 15, 15), 0).apply_to(masks)
    assert masks.sum() == masks[1, 10:20, 10:20].sum() == 100
    clicked(on, Tool.GROW, settings, (3, 15, 15), 0).apply_to(masks)
    assert masks[3].sum() == masks[3, 10:20, 10:20].sum() == 100
    assert range_of_label(on, 1) == (200, 200)
    assert Tool.SPLIT in NOT_ON_CLIPS


def test_smoothing_takes_each_frame_by_itself() -> None:
    case = a_case()
    masks = new_mask(case.series[1])
    masks[2, 10:30, 10:30] = 1
    masks[2, 18, 18] = 0
    masks[3, 20, 20] = 1
    on = annotated(masks, (1.0, 0.5, 0.5), _link(case), None)
    OPERATIONS["Smooth"].run(on, Asked(1, radius_mm=1.0)).apply_to(masks)
    assert masks[2, 18, 18] == 1
    assert 380 < masks[2].sum() < 400
    assert not masks[[0, 1, 3, 4]].any()


def test_masks_of_a_layer_are_written_on_the_pixels_of_their_clip(tmp_path: Path) -> None:
    case = a_case()
    masks = new_mask(case.series[1])
    _, options, _ = mask_layer(masks, _link(case), "f", "Masks")
    write_clip_masks(tmp_path / "m.nrrd", masks, options["metadata"])
    with pytest.raises(InvalidImage, match="the clip"):
        write_clip_masks(tmp_path / "m.nrrd", masks[:2], options["metadata"])
    with pytest.raises(InvalidImage, match="no clip"):
        write_clip_masks(tmp_path / "m.nrrd", masks, {})
