"""Models in ZIP archives: taken in where they are harmless, refused with the reason where not."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from napari_medassist.core.errors import CorruptFile, FileProblem, MedAssistError
from napari_medassist.models import archives
from napari_medassist.models.archives import unpacked
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.registry import add_model, find_model
from tests.unit.models.test_nnunet import own_folder, trained  # noqa: F401 - a fixture


def packed(path: Path, folder: Path, inside: str = "Dataset501/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, f"{inside}{folder.name}/{file.relative_to(folder).as_posix()}")
    return path


def evil(path: Path, name: str, content: bytes = b"x", mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)
    return path


def test_a_packed_nnunet_is_added_and_nothing_is_left_beside(tmp_path: Path) -> None:
    pytest.importorskip("dynamic_network_architectures")
    card = add_model(packed(tmp_path / "w.zip", trained(tmp_path / "in")))
    assert find_model(card.name) == card
    assert [p.name for p in user_models_folder().iterdir()] == [card.name]


def test_an_archive_of_several_models_or_of_none_names_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("a", "b"):
            archive.writestr(f"{name}/plans.json", "{}")
            archive.writestr(f"{name}/dataset.json", "{}")
    with pytest.raises(FileProblem, match="it holds: a, b"):
        add_model(tmp_path / "two.zip")
    with pytest.raises(FileProblem, match="it holds: none"):
        add_model(evil(tmp_path / "none.zip", "readme.txt"))
    assert not user_models_folder().exists()


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [
        ("../out.txt", 0, "outside"),
        ("a/../../out.txt", 0, "outside"),
        ("/etc/out.txt", 0, "outside"),
        ("..\\out.txt", 0, "outside"),
        ("C:\\out.txt", 0, "outside"),
        ("link", stat.S_IFLNK | 0o777, "is a link"),
    ],
)
def test_entries_that_leave_the_folder_are_refused(
    tmp_path: Path, name: str, mode: int, told: str
) -> None:
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    with pytest.raises(CorruptFile, match=told):
        unpacked(evil(tmp_path / "e.zip", name, mode=mode), into)
    assert not list(into.iterdir())
    assert not list(tmp_path.rglob("out.txt"))


def test_archives_that_grow_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    bomb = evil(tmp_path / "bomb.zip", "zeros.pth", bytes(20_000_000))
    with pytest.raises(CorruptFile, match="grows as no weights"):
        unpacked(bomb, into)
    monkeypatch.setattr(archives, "_MOST_BYTES", 1000)
    with pytest.raises(FileProblem, match="files of"):
        unpacked(bomb, into)
    assert not list(into.iterdir())


def test_an_entry_that_is_larger_than_it_states_is_refused(tmp_path: Path) -> None:
    path = evil(tmp_path / "liar.zip", "w.pth", os.urandom(5000))
    raw = bytearray(path.read_bytes())
    central = raw.rfind(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (100).to_bytes(4, "little")  # the size when unpacked
    path.write_bytes(raw)
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(MedAssistError):
        unpacked(path, into)


def test_torn_archives_are_told(tmp_path: Path) -> None:
    good = evil(tmp_path / "g.zip", "a.txt", b"y" * 1000)
    (tmp_path / "t.zip").write_bytes(good.read_bytes()[:60])
    with pytest.raises(CorruptFile, match="cannot be unpacked"):
        add_model(tmp_path / "t.zip")
    with pytest.raises(FileProblem, match="not there"):
        add_model(tmp_path / "nothing.zip")
