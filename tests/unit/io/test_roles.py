from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.core.errors import FileProblem
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Modality
from napari_medassist.io.case_assembly import assemble
from napari_medassist.io.format import Loaded
from napari_medassist.io.roles import OVERRIDE_VARIABLE, assign_role, load_rules
from tests.phantoms import volume

SAGITTAL = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]])


@pytest.fixture(autouse=True)
def _no_rules_of_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(OVERRIDE_VARIABLE, raising=False)


def role_of(description: str, **fields: object) -> str:
    image = volume("other", name="x", description=description, **fields)
    return assign_role(image, load_rules()).role


@pytest.mark.parametrize(
    ("description", "b_value", "role"),
    [
        ("t2_tse_tra", None, "t2w"),
        ("t2_tse_tra_320_p2", None, "t2w"),
        ("AX T2 FSE", None, "t2w"),
        ("T2W_TSE_ax", None, "t2w"),
        ("ep2d_diff_tra_DYNDIST", 50, "dwi"),
        ("ep2d_diff_tra_DYNDIST", 0, "dwi"),
        ("ep2d_diff_tra_DYNDIST_ADC", 800, "adc"),
        ("Apparent Diffusion Coefficient (mm2/s)", None, "adc"),
        ("ep2d_diff_tra_DYNDISTCALC_BVAL", 1000, "high-b"),
        ("ep2d-advdiff-3Scan-high bvalue 1400", 1400, "high-b"),
        ("fl3d_vibe_pre_flip_2deg_Wip403d_PD", None, "pd"),
        ("t1_vibe_fs_tra", None, "t1w"),
        ("something new", None, "mr"),
    ],
)
def test_roles_of_mr_series(description: str, b_value: float | None, role: str) -> None:
    assert role_of(description, b_value_s_mm2=b_value) == role


def test_image_type_tells_adc_where_the_description_does_not() -> None:
    assert role_of("diff", image_type=("DERIVED", "DIFFUSION", "ADC")) == "adc"


def test_planes_of_the_t2w() -> None:
    sagittal = volume("other", name="x", description="t2_tse_sag", direction=SAGITTAL)
    assert assign_role(sagittal, load_rules()).role == "t2w-sag"


def test_dynamic_series_and_other_modalities() -> None:
    dynamic = volume("other", n_timepoints=5, description="twist")
    assert assign_role(dynamic, load_rules()).role == "dce"
    assert role_of("x", modality=Modality.CT) == "ct"
    clip = VideoClip(np.zeros((2, 4, 4), dtype=np.uint8), (0.0, 0.1))
    assert assign_role(clip, load_rules()).role == "us"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("10000_1000000_t2w", "t2w"),
        ("10000_1000000_adc", "adc"),
        ("10000_1000000_hbv", "high-b"),
        ("10000_1000000_cor", "t2w-cor"),
        ("torso_ct_3mm", "ct"),
        ("prostate_trus", "us"),
        ("nothing known", "other"),
    ],
)
def test_files_that_tell_no_modality_go_by_name(name: str, role: str) -> None:
    direction = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]) if name.endswith("cor") else None
    image = volume("other", name=name, description="", modality=Modality.OTHER, direction=direction)
    assert assign_role(image, load_rules()).role == role


def test_a_map_of_few_whole_numbers_is_a_label_map() -> None:
    mask = np.zeros((6, 20, 24), dtype=np.float32)
    mask[2:4, 3:9, 3:9] = 2
    file = volume("other", name="x", modality=Modality.OTHER).with_changes(array=mask)
    case = assemble("c", [Loaded(series=(file,))], load_rules())
    assert case.series == ()
    assert case.labels[0].values() == (2,)


def test_own_rules_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("- {role: localizer, text: '\\bscout\\b'}\n")
    monkeypatch.setenv(OVERRIDE_VARIABLE, str(own))
    assert role_of("t2 scout") == "localizer"
    assert role_of("t2 tse") == "t2w"


@pytest.mark.parametrize(
    "text", ["- {rol: t2w}\n", "role: t2w\n", "- {role: a, text: '('}\n", "- [unclosed\n"]
)
def test_bad_rules_name_the_file(text: str, tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(text)
    with pytest.raises(FileProblem, match=r"mine\.yaml"):
        load_rules(own)


def test_missing_rules_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE_VARIABLE, "/no/such/roles.yaml")
    with pytest.raises(FileProblem, match="does not exist"):
        load_rules()


def test_case_prefers_axial_t2w_and_acquired_high_b() -> None:
    images = (
        volume("other", name="calc", description="calc b", b_value_s_mm2=1400.0, calculated=True),
        volume("other", name="sag", description="t2_tse_sag", direction=SAGITTAL),
        volume("other", name="high", description="diff", b_value_s_mm2=1400.0, series_number=9),
        volume("other", name="ax", description="t2_tse_tra"),
    )
    case = assemble("c", [Loaded(series=images)], load_rules())
    assert case.by_role("t2w").name == "ax"
    assert case.by_role("high-b").name == "high"
    assert case.warnings == ()


def test_a_sagittal_t2w_alone_is_the_t2w_and_that_is_said() -> None:
    sagittal = volume("other", name="sag", description="t2_tse_sag", direction=SAGITTAL)
    case = assemble("c", [Loaded(series=(sagittal,))], load_rules())
    assert case.by_role("t2w").name == "sag"
    assert "No axial T2w" in case.warnings[0]


def test_a_missing_high_b_is_said() -> None:
    image = volume("other", description="diff", b_value_s_mm2=800.0)
    case = assemble("c", [Loaded(series=(image,))], load_rules())
    assert "highest b-value of this case is 800" in case.warnings[0]
