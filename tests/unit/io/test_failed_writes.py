"""Writing fails whole: the old file stays, no temporary file stays behind, the message helps."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from napari_medassist.core.errors import UnsupportedFormat, WriteFailed
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume
from napari_medassist.io import simpleitk_files
from napari_medassist.io.atomic import replacing
from napari_medassist.io.files import write
from napari_medassist.io.format import FORMATS, FormatSpec

OLD = b"the lesions of last week"
WRITERS = [spec for spec in FORMATS if spec.write is not None]
CASES = pytest.mark.parametrize("spec", WRITERS, ids=lambda spec: spec.name)


def _labels(shape: tuple[int, int, int] = (20, 30, 40)) -> LabelMap:
    values = np.random.default_rng(0).integers(0, 250, shape).astype(np.uint8)
    return LabelMap(values, Geometry(shape, (3.0, 2.0, 1.0)))


def _fails(spec: FormatSpec, path: Path, labels: LabelMap | None = None) -> WriteFailed:
    """Write over an old file, expecting failure; return the error."""
    path.write_bytes(OLD)
    assert spec.write is not None
    with pytest.raises(WriteFailed, match="unchanged") as caught:
        spec.write(labels or _labels(), path)
    assert path.read_bytes() == OLD
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert caught.value.path == path
    assert caught.value.cure
    return caught.value


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where one may mount."""
    mount, folder = shutil.which("mount"), tmp_path / "disk"
    folder.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here; the simulated one is tested")
    yield folder
    # Lazily: the traceback that the test looked at may still hold the half-written file.
    subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


@CASES
def test_a_disk_that_runs_full(spec: FormatSpec, small_disk: Path) -> None:
    _fails(spec, small_disk / f"lesions{spec.extensions[0]}", _labels((60, 70, 80)))


@CASES
def test_a_disk_that_is_said_to_be_full(
    spec: FormatSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_image: Any, path: Any, *_args: Any, **_kwargs: Any) -> None:
        Path(path).write_bytes(b"half a fi")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(nib, "save", no_space)
    monkeypatch.setattr(simpleitk_files.SimpleITK, "WriteImage", no_space)
    error = _fails(spec, tmp_path / f"lesions{spec.extensions[0]}")
    assert "No space left" in error.message


def test_a_failure_that_itk_did_not_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image = SimpleITK.WriteImage

    def write_less(image: SimpleITK.Image, path: str, **options: Any) -> None:
        write_image(image * 0, path, **options)

    monkeypatch.setattr(simpleitk_files.SimpleITK, "WriteImage", write_less)
    _fails(FORMATS.get("metaimage"), tmp_path / "lesions.mha")


@CASES
def test_a_folder_that_must_not_be_written_to(
    spec: FormatSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the refusal is simulated where every writer ends: the replacement."""

    def refuse(_from: Path, _to: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", refuse)
    assert "Permission denied" in _fails(spec, tmp_path / f"lesions{spec.extensions[0]}").message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@CASES
def test_a_read_only_folder(spec: FormatSpec, tmp_path: Path) -> None:
    path = tmp_path / f"lesions{spec.extensions[0]}"
    tmp_path.chmod(0o500)
    assert spec.write is not None
    with pytest.raises(WriteFailed):
        spec.write(_labels(), path)
    tmp_path.chmod(0o700)


@CASES
def test_a_missing_folder_and_an_unknown_ending(spec: FormatSpec, tmp_path: Path) -> None:
    assert spec.write is not None
    with pytest.raises(WriteFailed, match="folder does not exist") as missing:
        spec.write(_labels(), tmp_path / "not there" / f"lesions{spec.extensions[0]}")
    assert missing.value.cure
    with pytest.raises(UnsupportedFormat, match=r"lesions\.xyz") as unknown:
        spec.write(_labels(), tmp_path / "lesions.xyz")
    assert spec.extensions[0] in str(unknown.value)
    assert list(tmp_path.iterdir()) == []


@CASES
def test_time_points_and_giant_values_are_refused(spec: FormatSpec, tmp_path: Path) -> None:
    assert spec.write is not None
    path = tmp_path / f"lesions{spec.extensions[0]}"
    grid = Geometry((2, 3, 4), (1.0, 1.0, 1.0))
    with pytest.raises(WriteFailed, match="5 time points"):
        spec.write(LabelMap(np.zeros((5, 2, 3, 4), np.uint8), grid), path)
    with pytest.raises(WriteFailed, match="4294967295"):
        spec.write(LabelMap(np.full((2, 3, 4), 2**32 - 1, np.uint32), grid), path)
    assert list(tmp_path.iterdir()) == []


def test_any_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(OLD)

    def fail_half_way() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_behind_a_link_is_replaced_not_the_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / "a.csv", tmp_path / "link.csv"
    real.write_bytes(OLD)
    link.symlink_to(real)
    with replacing(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_an_image_is_not_written_as_a_label_map(tmp_path: Path) -> None:
    grid = Geometry((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    image = Volume(np.linspace(-1000, 400, 60, dtype=np.float32).reshape(3, 4, 5), grid)
    with pytest.raises(WriteFailed, match="no label map"):
        write(image, tmp_path / "image.nii.gz")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
