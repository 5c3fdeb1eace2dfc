"""The page: a template filled with a report, in one file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from napari_medassist.evaluation.report.content import CaseData, Plot, Report
from napari_medassist.evaluation.verdict_map import VERDICT_SCHEME

_STATIC = "napari_medassist.evaluation.report"
_SCRIPTS = ("plotly-basic.min.js", "plots.js", "table.js")
_STYLES = ("plotly.css", "report.css")
#: In JSON inside of a page these would end the script element, or start a comment.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(report: Report) -> str:
    """Return a report as one HTML page.

    All text is escaped. The page forbids itself, by its security policy, to load anything, and to run
    any script but its own.
    """
    template = environment().get_template("report.html")
    return template.render(
        report=report,
        scripts=[Markup(static(name)) for name in _SCRIPTS],  # noqa: S704  our own files
        styles=[Markup(static(name)) for name in _STYLES],  # noqa: S704  our own files
        policy=policy(),
        cases=_cases_json(report.cases),
        plots=_plots_json(report.plots),
        verdicts=[(label.name, "#{:02x}{:02x}{:02x}".format(*label.colour)) for label in _VERDICTS],
    )


_VERDICTS = VERDICT_SCHEME.labels


def policy(script_names: Sequence[str] = _SCRIPTS, style_names: Sequence[str] = _STYLES) -> str:
    """Return the Content-Security-Policy: nothing from anywhere, and only these scripts and styles."""
    scripts = " ".join(_hash(static(name)) for name in script_names)
    styles = " ".join(_hash(static(name)) for name in style_names)
    return (
        f"default-src 'none'; script-src {scripts}; style-src-elem {styles}; "
        # plotly.js sets style attributes of its own SVG elements; no text of a report becomes one.
        "style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def static(name: str) -> str:
    """Return one of the files that go into every page."""
    return (files(_STATIC) / "static" / name).read_text(encoding="utf-8")


def json_text(value: Any) -> Markup:
    """Return plain values as JSON that is safe inside of a script element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704  escaped above


def _cases_json(cases: CaseData) -> Markup:
    return json_text({"columns": cases.columns, "values": cases.values, "pictured": cases.pictured})


def _plots_json(plots: tuple[Plot, ...]) -> Markup:
    return json_text({plot.id: plot.spec for plot in plots})


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def environment() -> Environment:
    """Return what fills in the templates of pages: it escapes all text."""
    return Environment(
        loader=PackageLoader(_STATIC, "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
