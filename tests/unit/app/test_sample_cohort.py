"""The simulated cohort has what the browser is for: good Dice that hides errors, and false alarms."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.sample_cohort import MODELS, write_sample_cohort


def test_the_cohort_hides_errors_behind_a_good_dice(tmp_path: Path) -> None:
    cohort = write_sample_cohort(tmp_path / "cohort")
    browser = CohortBrowser(cache_dir=tmp_path / "cache", marks_path=tmp_path / "marks.json", workers=1)
    sources = CohortSources(
        reference=cohort.reference,
        predictions=cohort.predictions,
        images=cohort.images,
        zones=cohort.zones,
    )
    browser.open_work(sources).run_here()
    assert browser.models == tuple(MODELS)
    assert browser.table.is_compared().all()
    assert browser.table.values("hidden").sum() >= 3
    assert browser.table.values("false_alarm").sum() >= 1


def test_the_same_seed_writes_the_same_voxels(tmp_path: Path) -> None:
    first, second = (write_sample_cohort(tmp_path / name, 2) for name in "ab")
    for side in ("images", "reference", "zones"):
        names = sorted(path.name for path in getattr(first, side).iterdir())
        assert len(names) == 2
        for name in names:
            one, other = (
                np.asarray(nib.load(getattr(c, side) / name).dataobj) for c in (first, second)
            )
            np.testing.assert_array_equal(one, other)
