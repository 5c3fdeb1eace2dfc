"""Bad files dropped on napari: one clear message, nothing half open, napari stays up."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist._qt.bridge import bridge_of
from napari_medassist.app import samples
from napari_medassist.core.errors import Cancelled, MedAssistError

pytestmark = pytest.mark.gui


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer()


def _bad_file(folder: Path, kind: str) -> Path:
    path = folder / "bad.nii.gz"
    whole = samples.sample_labels()[0].read_bytes()
    content = {
        "zero bytes": b"",
        "text": gzip.compress(b"no image" * 100),
        "truncated": whole[: len(whole) // 2],
    }
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["zero bytes", "text", "truncated"])
def test_a_bad_file_is_one_message_that_names_it(viewer: Any, tmp_path: Path, kind: str) -> None:
    path = _bad_file(tmp_path, kind)
    with pytest.raises(MedAssistError, match=r"bad\.nii\.gz"):
        viewer.open(str(path), plugin="napari-medassist")
    assert len(viewer.layers) == 0
    viewer.open(str(samples.sample_labels()[0]), plugin="napari-medassist")
    assert len(viewer.layers) == 1


def test_a_cancelled_reading_opens_nothing(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Cancelled("Stopped at your wish; nothing was changed.")

    monkeypatch.setattr("napari_medassist._plugin.readers.read", stop)
    viewer.open(str(samples.sample_ct()), plugin="napari-medassist")
    assert len(viewer.layers) == 0


def test_ct_and_ultrasound_open_too(viewer: Any) -> None:
    viewer.open(str(samples.sample_ct()), plugin="napari-medassist")
    (ct,) = viewer.layers
    assert tuple(ct.contrast_limits) == (-160, 240)
    assert bridge_of(viewer).session.case.series[0].role == "ct"
    viewer.layers.clear()
    viewer.open(str(samples.sample_ultrasound()), plugin="napari-medassist")
    (clip,) = viewer.layers
    assert bridge_of(viewer).session.case.series[0].role == "us"
    assert np.asarray(clip.data[0]).shape[:2] == (240, 320)
    assert clip.data.shape[0] > 50
