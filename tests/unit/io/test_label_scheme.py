from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.core.errors import FileProblem
from napari_medassist.core.labels import Code, default_colour
from napari_medassist.io.label_scheme import read_label_scheme


def written(folder: Path, text: str) -> Path:
    path = folder / "scheme.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_colours_and_codes(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        3: seminal vesicle
        1: {name: peripheral zone, colour: [1, 2, 3], code: {scheme: SCT, value: 279706003}}
        2: {name: Übergangszone, colour: "#0a0B0c"}
        """,
    )
    first, second, third = read_label_scheme(path).labels
    assert (first.value, first.name, first.colour) == (1, "peripheral zone", (1, 2, 3))
    assert first.code == Code("SCT", "279706003", "")
    assert (second.name, second.colour) == ("Übergangszone", (10, 11, 12))
    assert (third.value, third.name, third.colour) == (3, "seminal vesicle", default_colour(3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not map"),
        ("- a\n- b", "does not map"),
        ("0: background", "from 1 on"),
        ("1.5: x", "from 1 on"),
        ("true: x", "from 1 on"),
        ("zone: 1", "from 1 on"),
        ("1:", "has no name"),
        ("1: {colour: [1, 2, 3]}", "has no name"),
        ("1: {name: a, color: red}", "unknown entry 'color'"),
        ("1: {name: a, colour: red}", "no colour"),
        ("1: {name: a, colour: [1, 2]}", "label scheme"),
        ("1: {name: a, colour: [1, 2, 300]}", "from 0 to 255"),
        ("1: {name: a, code: 5}", "needs scheme and value"),
        ("1: a\n2: A", "stands twice"),
        ("1: [", "no YAML"),
    ],
)
def test_what_is_no_scheme_is_told_with_file_and_cure(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FileProblem, match=told) as error:
        read_label_scheme(path)
    assert error.value.path == path
    assert "1: peripheral zone" in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="No such file"):
        read_label_scheme(tmp_path / "absent.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_label_scheme(tmp_path / "binary.yaml")
