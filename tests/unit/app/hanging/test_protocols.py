"""Protocol files, and the protocol that fits a case."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.hanging.protocol import columns_for, hang, protocol_for
from napari_medassist.app.hanging.reading import all_protocols, built_in_protocols, parse_protocol
from napari_medassist.app.hanging.values import values_in_words
from napari_medassist.app.windows import dragged_window, window_presets
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.video import VideoClip
from tests.phantoms import oblique_case, volume

GOOD = """
name: Mine
needs: [t2w]
layouts:
  - name: Pair
    views:
      - {role: t2w}
      - [{role: t2w-sag, plane: own}, {role: t2w, plane: sagittal}]
"""


def test_the_protocol_that_needs_most_is_chosen() -> None:
    ours = built_in_protocols()
    assert protocol_for(oblique_case(), ours).name == "mpMR prostate"
    assert protocol_for(Case("ct", (volume("ct"),)), ours).name == "CT"
    assert protocol_for(Case("pd", (volume("pd"),)), ours) is None


def test_clips_and_3d_ultrasound_and_ct_have_protocols_of_their_own() -> None:
    ours, clip = built_in_protocols(), VideoClip(np.zeros((2, 4, 4), np.uint8), (0.0, 0.1))
    found = protocol_for(Case("clip", (clip,)), ours)
    assert (found.name, [layout.n_clips for layout in found.layouts]) == ("Ultrasound clip", [2, 1])
    assert protocol_for(Case("3D", (volume("us"),)), ours).name == "Ultrasound"
    assert protocol_for(Case("both", (clip, volume("us"))), ours).name == "Ultrasound"
    known = {p.name for p in window_presets(volume("ct"))}
    (ct,) = (p for p in ours if p.name == "CT")
    assert {c.window for v in (v for la in ct.layouts for v in la.views) for c in v} - {""} <= known


def test_a_missing_series_is_told_and_the_others_are_shown() -> None:
    views, missing = hang(protocol_for(oblique_case(), built_in_protocols()).layouts[0], oblique_case())
    assert [view.image.role for view in views] == ["t2w", "adc", "dce"]
    assert missing == ("high-b",)


def test_an_acquired_sagittal_series_comes_before_a_reformatted_one() -> None:
    layout = parse_protocol(GOOD, Path("mine.yaml")).layouts[0]
    alone, _ = hang(layout, Case("a", (volume("t2w"),)))
    assert (alone[1].image.role, alone[1].plane, alone[1].is_own) == ("t2w", "sagittal", False)
    both, _ = hang(layout, Case("b", (volume("t2w"), volume("t2w-sag"))))
    assert (both[1].image.role, both[1].is_own) == ("t2w-sag", True)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (GOOD.replace("[t2w]", "[t3w]"), 3, "'t3w' is no role"),
        (GOOD.replace("plane: own", "plane: oblique"), 8, "'oblique' is no plane"),
        (GOOD.replace("views:", "view:"), 6, "'view' is not known"),
        (GOOD.replace("name: Mine\n", ""), 2, "'name' is missing"),
        (GOOD.replace("{role: t2w}", "{role: t2w"), 8, ""),
        (f"name: Other\n{GOOD.lstrip()}", 2, "'name' stands twice"),
        ("", 1, "empty"),
        ("name: C\nneeds: [clip]\nlayouts:\n  - name: L\n    clips: 3\n", 5, "not 1 or 2"),
    ],
)
def test_a_bad_file_is_told_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        parse_protocol(text, Path("mine.yaml"))
    assert f"mine.yaml: Line {line}:" in str(caught.value)
    assert what in str(caught.value)
    assert "are used" in caught.value.cure


def test_bad_files_are_passed_over_and_ours_stay(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    protocols, problems = all_protocols(tmp_path)
    assert [protocol.name for protocol in protocols] == [
        "Mine",
        *(p.name for p in built_in_protocols()),
    ]
    assert [problem.path.name for problem in problems] == ["bad.yaml"]


def test_windows_of_our_protocols_exist() -> None:
    for protocol in built_in_protocols():
        for layout in protocol.layouts:
            for choice in (choice for view in layout.views for choice in view):
                names = [preset.name for preset in window_presets(volume(choice.role))]
                assert choice.window in ("", *names)


@pytest.mark.parametrize(
    ("n", "size", "columns"),
    [
        (1, (900, 800), 1),
        (3, (900, 800), 3),
        (4, (900, 800), 2),
        (3, (620, 560), 2),
        (3, (890, 930), 2),
    ],
)
def test_a_row_is_broken_where_views_would_be_narrow(
    n: int, size: tuple[int, int], columns: int
) -> None:
    assert columns_for(n, *size) == columns


def test_values_are_those_of_the_voxel_under_the_point() -> None:
    image = volume("adc", unit="um2/s")
    index = (2, 7, 9)
    told = values_in_words(
        Case("c", (image, volume("dce", n_timepoints=3))), image.geometry.index_to_lps(index)
    )
    assert told == f"ADC {image.array[index]:.4g} µm²/s"
    assert values_in_words(Case("c", (image,)), (900.0, 0.0, 0.0)) == ""


def test_a_drag_widens_to_the_right_and_brightens_upward() -> None:
    low, high = dragged_window((0.0, 100.0), 300.0, 0.0)
    assert high - low == pytest.approx(271.828, abs=0.01)
    assert low + high == pytest.approx(100.0)
    assert dragged_window((0.0, 100.0), 0.0, -30.0) == pytest.approx((-10.0, 90.0))


def test_a_clip_lies_in_no_patient_and_is_in_no_linked_view() -> None:
    clip = VideoClip(np.zeros((2, 4, 4), dtype=np.uint8), (0.0, 0.1))
    case = Case("clip", (clip,))
    ours = {protocol.name: protocol for protocol in built_in_protocols()}
    assert not ours["Ultrasound"].fits(case)
    assert hang(ours["Ultrasound"].layouts[0], case)[0] == ()
    layout = next(p for p in built_in_protocols() if p.needs == ("us",)).layouts[0]
    assert hang(layout, case) == ((), ("us",))
