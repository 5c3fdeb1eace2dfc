"""Template files: those that come along, and what is told of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from napari_medassist.annotation.findings.template_reading import (
    all_templates,
    built_in_templates,
    parse_template,
    read_template,
)
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting, UnknownItem

GOOD = """name: mine
title: My table
places: [here, there]
places_title: Place
fields:
  - {name: size, title: Size, kind: number, unit: mm, low: 0, high: 50, decimals: 0}
  - name: kind
    title: Kind
    kind: choice
    choices: [a, {value: b, title: Bee, code: [SCT, "1", One]}]
  - {name: words, title: Words, kind: text, in_table: false, tip: Anything}
"""


def test_those_that_come_along() -> None:
    names = [t.name for t in built_in_templates()]
    assert names == ["ct-nodule", "ct-opacity", "prostate-pirads", "ultrasound"]


@pytest.mark.parametrize(
    ("field", "cid"), [("category", 6328), ("dwi", 6331), ("dce", 6332)]
)  # the context groups of PS3.16
def test_codes_of_pirads_are_those_of_dicom(field: str, cid: int) -> None:
    template = next(t for t in built_in_templates() if t.name == "prostate-pirads")
    known = {
        code: entry[0]
        for name in cid_concepts[cid]["RADLEX"]
        for code, entry in concepts["RADLEX"][name].items()
    }
    for choice in template.field(field).choices:
        assert choice.code is not None
        assert known[choice.code.value] == choice.code.meaning
        sign = {"-": "-ve", "+": "+ve"}.get(choice.value, choice.value)
        assert sign in choice.code.meaning.split()
    code = template.field(field).code
    assert code is not None
    assert any(code.value in entry for entry in concepts["DCM"].values())


def test_a_template_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "again.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("name: x\ntitle: [", encoding="utf-8")
    templates, problems = all_templates(tmp_path)
    assert [t.name for t in templates][:1] == ["mine"]
    assert len(templates) == 5
    assert len(problems) == 2
    assert any("another file is named 'mine'" in str(p) for p in problems)
    mine = templates[0]
    assert mine.places == ("here", "there")
    assert mine.field("size").heading == "Size (mm)"
    assert mine.field("kind").code_of("b").value == "1"  # type: ignore[union-attr]
    assert not mine.field("words").in_table
    with pytest.raises(UnknownItem, match="has no field"):
        mine.field("colour")


def test_values_are_checked_as_they_are_typed() -> None:
    mine = parse_template(GOOD, Path("mine.yaml"))
    size, kind = mine.field("size"), mine.field("kind")
    assert size.parse(" 12,5 ") == 12.5
    assert size.text(12.5) == "12"
    assert size.parse("") is None
    for wrong, told in (
        ("x", "is a number"),
        ("-1", "from 0 to 50"),
        ("51", "from 0"),
        ("nan", "runs"),
    ):
        with pytest.raises(InvalidSetting, match=told):
            size.parse(wrong)
    assert kind.parse("BEE") == "b"
    assert kind.title_of("b") == "Bee"
    with pytest.raises(InvalidSetting, match="one of a, b"):
        kind.parse("c")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("title: My table", "title: My: table", 2, "mapping values"),
        ("kind: number", "kind: figure", 6, "'figure' is no kind of field; known are number"),
        ("name: words", "name: size", 11, "the field 'size' stands twice"),
        ("low: 0", "low: 60", 6, "60 lies above 50"),
        ("low: 0", "low: zero", 6, "'zero' is no number"),
        ("places_title: Place", "places_titel: Place", 4, "'places_titel' is not known"),
        ("choices: [a, {", "choices: [a, a, {", 10, "the choice 'a' stands twice"),
        ("name: words", "name: volume_ml", 11, "every table has 'volume_ml'"),
        ("name: words", "name: my words", 11, "is no name"),
        ("kind: text", "kind: computed", 11, "needs a 'rule'"),
        ("[SCT, \"1\", One]", "[SCT, One]", 10, "a code is a list of three"),
        ("places: [here, there]", "places: the-moon", 3, "a list of places"),
        ("title: My table\n", "", 1, "'title' is missing"),
        ("title: Kind\n", "title: Kind\n    title: Kind\n", 9, "'title' stands twice"),
        ("unit: mm", "choices: [a]", 6, "'choices' is not known here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    with pytest.raises(CorruptFile) as caught:
        parse_template(GOOD.replace(old, new), Path("mine.yaml"))
    words = str(caught.value)
    assert f"mine.yaml: Line {line}: " in words
    assert told in words
    assert "Correct the file" in words


def test_a_rule_needs_its_fields() -> None:
    rule = "  - {name: r, title: R, kind: computed, rule: pirads-2.1}\n"
    with pytest.raises(CorruptFile, match="needs the fields category, criteria, dce, dwi, t2 too"):
        parse_template(GOOD + rule, Path("mine.yaml"))
    with pytest.raises(CorruptFile, match="Line 12: 'pirads-3' is no rule"):
        parse_template(GOOD + rule.replace("2.1", "3"), Path("mine.yaml"))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CorruptFile, match="is empty"):
        parse_template("", tmp_path / "e.yaml")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_template(tmp_path / "absent.yaml")


def test_the_template_of_the_documentation_is_one() -> None:
    page = Path(__file__).parents[4] / "docs" / "how-to" / "write-a-template.md"
    text = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    liver = parse_template(text, page)
    assert [f.name for f in liver.fields] == ["phase", "capsule", "short_mm", "comment"]
    assert liver.field("capsule").parse("yes") == "yes"
    assert len(liver.places) == 9
