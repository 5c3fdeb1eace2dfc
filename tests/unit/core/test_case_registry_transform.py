from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidGeometry, InvalidImage, MedAssistError, UnknownItem
from napari_medassist.core.registry import Registry
from napari_medassist.core.transform import AffineTransform, Transform
from napari_medassist.core.video import VideoClip
from tests.phantoms import volume


def test_by_role_returns_the_first_and_names_what_there_is() -> None:
    case = Case("c", (volume("t2w"), volume("dwi", name="a"), volume("dwi", name="b")))
    assert case.by_role("DWI").name == "a"
    assert len(case.all_by_role("dwi")) == 2
    with pytest.raises(UnknownItem, match=r"no 'adc', it has t2w \(1\), dwi \(2\)"):
        case.by_role("adc")


def test_reference_volume_is_the_t2w() -> None:
    case = Case("c", (volume("adc"), volume("t2w")))
    reference = case.reference_volume()
    assert reference is not None
    assert reference.role == "t2w"
    assert Case("empty").reference_volume() is None


def test_roles_are_found_however_they_are_spelt() -> None:
    assert Case("c", (volume("high-b"),)).by_role("high_b").role == "high-b"


def _registry() -> Registry[str]:
    return Registry("thing", packages=(), attribute="X", entry_point_group="no.such.group", name_of=str)


def test_registry_finds_near_names_and_refuses_two_of_one_name() -> None:
    things = _registry()
    things.register("dice")
    with pytest.raises(UnknownItem, match="Did you mean dice"):
        things.get("dise")
    twin = Registry(
        "thing", packages=(), attribute="X", entry_point_group="none", name_of=lambda _: "same"
    )
    twin.register(object())
    with pytest.raises(MedAssistError, match="Two things"):
        twin.register(object())


def test_clip_needs_a_time_for_each_frame() -> None:
    frames = np.zeros((3, 4, 5), dtype=np.uint8)
    assert VideoClip(frames, (0.0, 0.1, 0.2)).n_frames == 3
    for times in ((0.0, 0.1), (0.0, 0.2, 0.1)):
        with pytest.raises(InvalidImage):
            VideoClip(frames, times)
    with pytest.raises(InvalidImage):
        VideoClip(np.zeros((3, 4)), (0.0, 0.1, 0.2))


def test_affine_transform_and_its_inverse() -> None:
    matrix = np.array([[0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1.0]])
    transform = AffineTransform.from_matrix(matrix)
    assert isinstance(transform, Transform)
    assert transform.transform_points((1, 0, 0)).tolist() == [5, 7, 7]
    back = transform.inverse().transform_points(transform.transform_points([[1, 2, 3]]))
    np.testing.assert_allclose(back, [[1, 2, 3]])
    with pytest.raises(InvalidGeometry):
        AffineTransform.from_matrix(np.zeros((4, 4)))
