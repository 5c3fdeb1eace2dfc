"""The documentation's code runs: every block of Python, and every command that needs no window."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medassist.app.cohort import detection
from napari_medassist.app.cohort.manifest import MANIFEST_COLUMNS
from napari_medassist.app.cohort.models import DIFFERENCE_COLUMNS, MODEL_COLUMNS
from napari_medassist.app.cohort.rankings import RANKING_COLUMNS
from napari_medassist.app.cohort.swept import SWEEP_COLUMNS
from napari_medassist.cli.main import main
from napari_medassist.evaluation.tables import parts as part_tables
from napari_medassist.evaluation.tables import results as tables

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```(python|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Commands that run on the bundled sample data; others in the pages are examples with invented paths.
RUNNABLE = re.compile(r"^napari-medassist (inspect|evaluate|conventions) .*sample_data/", re.MULTILINE)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Return the blocks of a language: the line that each begins at, and its code."""
    text = page.read_text(encoding="utf-8")
    found = (m for m in BLOCK.finditer(text) if m[1] == language)
    return [(text.count("\n", 0, m.start(2)), m[2]) for m in found]


def commands(page: Path) -> list[str]:
    lines = [line for _, code in blocks(page, "shell") for line in code.splitlines()]
    return [line for line in lines if RUNNABLE.match(line)]


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix() if DOCS in page.parents else page.name


def test_the_page_on_evaluation_names_every_module():
    table = (DOCS / "reference" / "evaluation.md").read_text(encoding="utf-8").split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", table))
    modules = (SOURCE / "napari_medassist" / "evaluation").iterdir()
    public = {part.stem for part in modules if not part.name.startswith("_")} - {"presets"}
    assert public <= named


COLUMNS = {
    "cases": (*tables.CASE_COLUMNS, *tables.CASE_FURTHER_COLUMNS),
    "lesions": tables.LESION_COLUMNS,
    "matches": tables.MATCH_COLUMNS,
    "regions": part_tables.REGION_COLUMNS,
    "labels": part_tables.LABEL_COLUMNS,
    "candidates": detection.CANDIDATE_COLUMNS,
    "case_confidences": detection.CASE_CONFIDENCE_COLUMNS,
    "curves": detection.CURVE_COLUMNS,
    "sweep": SWEEP_COLUMNS,
    "files": MANIFEST_COLUMNS,
    "models": MODEL_COLUMNS,
    "differences": DIFFERENCE_COLUMNS,
    "rankings": RANKING_COLUMNS,
    "conventions": ("convention",),
}


def test_the_page_on_tables_names_every_column():
    page = (DOCS / "reference" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\.csv\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == COLUMNS.keys()
    for table, columns in COLUMNS.items():
        named = set(re.findall(r"`(\w+)`", sections[table]))
        wanted = {column for column in columns if not column.startswith("common_")}
        assert wanted <= named, table
        first_cells = re.findall(r"^\| (`.*?) \|", sections[table], re.MULTILINE)
        explained = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
        assert explained <= wanted, table


@pytest.fixture
def workplace(tmp_path, monkeypatch) -> Path:
    """An empty folder with the sample data in it, as the current one."""
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
def test_python_blocks_run_in_order(page, workplace):
    namespace: dict[str, object] = {"__name__": "docs"}
    for line, code in blocks(page, "python"):
        padded = "\n" * line + code  # so that a traceback names the line of the page
        exec(compile(padded, str(page), "exec"), namespace)  # noqa: S102 - our own documentation


@pytest.mark.parametrize(
    "command", [pytest.param(c, id=f"{name(p)}: {c[:40]}") for p in PAGES for c in commands(p)]
)
def test_commands_run(command, workplace):
    arguments = shlex.split(command.partition("#")[0])[1:]
    run = subprocess.run(
        [sys.executable, "-m", "napari_medassist.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_the_pages_that_promise_code_have_some():
    with_code = {name(page) for page in PAGES if blocks(page, "python")}
    assert {"tutorials/first-case.md", "concepts/coordinates.md", "concepts/matching.md"} <= with_code
    assert any(commands(page) for page in PAGES)


@pytest.mark.parametrize(
    "command",
    ["open", "demo", "inspect", "evaluate", "compare", "segment", "burden", "conventions sensitivity"],
)
def test_the_command_line_page_names_every_option(command, capsys):
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    options = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)) - {"--help"}
    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(--[a-z][a-z-]*)", section)) == options


def modules_with_examples() -> list[str]:
    paths = sorted(p for p in SOURCE.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8"))
    return [".".join(p.relative_to(SOURCE).with_suffix("").parts) for p in paths]


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples_in_docstrings_hold(module, workplace):
    result = doctest.testmod(importlib.import_module(module.removesuffix(".__init__")))
    assert result.attempted
    assert not result.failed
