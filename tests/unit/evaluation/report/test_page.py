"""The page: complete, escaped, and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from napari_medassist.evaluation.report.build import Extras, build
from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.evaluation.report.content import InputFile, Inputs, Picture, PictureGroup
from napari_medassist.evaluation.report.page import json_text, render, static
from napari_medassist.evaluation.statistics.paired import Resampling
from tests.unit.evaluation.report.cohorts import EVIL, model

HOW = Resampling(n_resamples=50)


class Elements(HTMLParser):
    """Collects the elements of a page, and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if self._inside:
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, text = self.texts.pop()
            self.texts.append((tag, text + data))


@pytest.fixture(scope="module")
def page() -> str:
    picture = Picture(0, EVIL, f"caption {EVIL}", "slice 1", '<svg class="slice"></svg>')
    extras = Extras(
        title=f"Title {EVIL}",
        names=Names({"hides": f"renamed {EVIL}"}),
        inputs=Inputs(
            places=(("reference", EVIL),), results=(InputFile(EVIL, "ab" * 32, 12),), files_note=EVIL
        ),
        gallery=(PictureGroup("Group", (picture,)),),
        how=HOW,
        version="1.2.3",
    )
    return render(build([model()], extras))


@pytest.fixture(scope="module")
def parsed(page: str) -> Elements:
    return Elements(page)


def test_only_our_scripts_are_in_the_page(parsed: Elements) -> None:
    scripts = [text for tag, text in parsed.texts if tag == "script"]
    data, ours = scripts[:2], scripts[2:]
    assert all(json.loads(text) for text in data)
    assert ours == [static(name) for name in ("plotly-basic.min.js", "plots.js", "table.js")]


def test_no_name_becomes_markup(page: str, parsed: Elements) -> None:
    assert "<script>alert" not in page
    assert page.count("&lt;/script&gt;&lt;script&gt;alert(1)") >= 6
    assert sum(tag == "h1" for tag, _ in parsed.elements) == 1


def test_the_policy_forbids_all_but_the_scripts_and_styles_of_the_page(parsed: Elements) -> None:
    (policy,) = [
        attributes["content"]
        for tag, attributes in parsed.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert "unsafe-eval" not in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    there = [text for tag, text in parsed.texts if not (tag == "script" and text.startswith("{"))]
    assert {base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in there} == allowed


def test_nothing_points_elsewhere(parsed: Elements) -> None:
    for tag, attributes in parsed.elements:
        assert not attributes.get("src"), tag
        for name in ("href", "action", "srcset", "data"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:")), (tag, target)


def test_links_lead_to_what_is_there(parsed: Elements) -> None:
    ids = [a["id"] for _, a in parsed.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for tag, a in parsed.elements if tag == "a"}
    rows = {target for target in targets if target.startswith("case-")}  # made by the script
    assert {int(row.removeprefix("case-")) for row in rows} <= set(range(8))
    assert targets - rows <= set(ids)


def test_every_part_is_named_for_screen_readers(parsed: Elements) -> None:
    ids = {a["id"] for _, a in parsed.elements if a.get("id")}
    for tag, attributes in parsed.elements:
        if tag == "section":
            assert attributes["aria-labelledby"] in ids
        if tag == "svg":
            assert "aria-hidden" in attributes or attributes.get("class") == "slice"
    assert ("html", {"lang": "en"}) in parsed.elements


def test_the_data_come_back_from_the_page(page: str, parsed: Elements) -> None:
    cases = json.loads(parsed.texts[[tag for tag, _ in parsed.texts].index("script")][1])
    assert cases["values"]["case"][1] == EVIL
    assert cases["values"]["case"][0] == f"renamed {EVIL}"
    assert "hides</" not in page


def test_json_is_safe_inside_of_a_script() -> None:
    text = json_text({"a": "</script><!--\u2028&"})
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == {"a": "</script><!--\u2028&"}


def test_plotly_comes_with_its_licence_and_its_rules() -> None:
    version = re.search(r"v(\d+\.\d+\.\d+)", static("plotly-basic.min.js"))
    assert version
    assert f"plotly.js v{version[1]}" in static("plotly.css")
    assert "MIT" in static("LICENSE-plotly.txt")
    assert "</script" not in static("plotly-basic.min.js")
