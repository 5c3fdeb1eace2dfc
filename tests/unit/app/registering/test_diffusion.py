"""Which diffusion image leads, what goes along, and that a known shift of all is found."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import napari_medassist as ma
from napari_medassist.app.registering.aligning import Wish
from napari_medassist.app.registering.diffusion import (
    DIFFUSION_ROLES,
    align_diffusion,
    diffusion_images,
    why_no_diffusion,
    without_moved,
)
from napari_medassist.app.registering.verdict import Light
from napari_medassist.app.samples import sample_study
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume

SHIFT_LPS_MM = np.array([4.0, -5.0, 3.0])


def study() -> Case:
    return ma.read(sample_study())


def shifted(case: Case) -> Case:
    """Return the study with all its diffusion images put down elsewhere."""

    def placed(image: Volume) -> Volume:
        if image.role not in DIFFUSION_ROLES:
            return image
        grid = image.geometry
        origin = np.add(grid.origin_lps_mm, SHIFT_LPS_MM)
        moved = Geometry(
            grid.shape_zyx, grid.spacing_zyx_mm, tuple(origin.tolist()), grid.direction_lps
        )
        return replace(image, geometry=moved, source=None)

    return replace(case, series=tuple(placed(v) for v in case.series))  # type: ignore[arg-type]


def test_the_lowest_acquired_b_value_leads() -> None:
    t2w, (lead, *others) = diffusion_images(study())
    assert t2w.role == "t2w"
    assert lead.acquisition.b_value_s_mm2 == 0
    assert {v.role for v in others} == {"dwi", "adc", "high-b"}
    only_adc = replace(study(), series=tuple(v for v in study().series if v.role in ("t2w", "adc")))
    assert diffusion_images(only_adc)[1][0].role == "adc"


def test_a_shift_of_all_diffusion_images_is_undone() -> None:
    case = shifted(study())
    made = align_diffusion(case, Wish("rigid"))
    t2w, images = diffusion_images(case)
    assert [v.name for v in made.moved] == [v.name for v in images]
    assert all(v.geometry == t2w.geometry for v in made.moved)
    middle = t2w.geometry.index_to_lps((np.array(t2w.geometry.shape_zyx) - 1) / 2)
    found = made.alignment.transform.transform_points(middle) - middle
    # A voxel of the diffusion images is 1.6 to 2 mm, a slice 3 mm.
    np.testing.assert_allclose(found, SHIFT_LPS_MM, atol=0.7)
    assert made.alignment.verdict.light is Light.GREEN, made.alignment.verdict.reasons
    assert any("prostate-zones" in note for note in made.notes)
    again = align_diffusion(case, Wish("rigid"))
    assert again.alignment.transform == made.alignment.transform, "bit by bit"


def test_the_whole_image_counts_if_asked_for() -> None:
    made = align_diffusion(shifted(study()), Wish("rigid", both_ways=False), around_gland=False)
    assert not any("prostate" in note for note in made.notes)
    assert not made.alignment.wish.in_masks


def test_without_a_prostate_the_whole_image_counts_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = study()
    t2w = case.by_role("t2w")
    assert isinstance(t2w, Volume)
    nothing = SimpleNamespace(labels=LabelMap.on(t2w))
    for found, told in ((nothing, "found no prostate"), (InvalidImage("no"), "could not run")):

        def segment(*_args: object, found: object = found, **_more: object) -> object:
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr("napari_medassist.app.registering.diffusion.segment", segment)
        made = align_diffusion(case, Wish("rigid", both_ways=False))
        assert told in " ".join(made.notes)
        assert not made.alignment.wish.in_masks


def test_a_method_by_outlines_is_refused_before_anything_runs() -> None:
    with pytest.raises(InvalidSetting, match="outlines in both"):
        align_diffusion(study(), Wish("outlines"))


def test_a_study_without_diffusion_is_refused() -> None:
    case = study()
    alone = replace(case, series=tuple(v for v in case.series if v.role == "t2w"))
    with pytest.raises(InvalidImage, match="no diffusion image"):
        align_diffusion(alone)
    assert "no diffusion" in why_no_diffusion(alone)
    assert why_no_diffusion(case) == ""
    assert why_no_diffusion(None)


def test_what_was_moved_is_not_moved_again() -> None:
    case = study()
    made = align_diffusion(case, Wish("rigid", both_ways=False), around_gland=False)
    joined = replace(case, series=(*case.series, *made.moved))
    assert without_moved(joined).series == case.series
