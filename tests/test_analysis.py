"""The script behind docs/analysis runs, on masks made here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nibabel as nib
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "analyse_picai.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def save(path: Path, *boxes: tuple[int, int]) -> None:
    mask = np.zeros((40, 40, 8), dtype=np.uint8)
    for start, size in boxes:
        mask[start : start + size, start : start + size, 2:5] = 1
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(mask, np.diag([0.5, 0.5, 3.0, 1.0])), path)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    pairs = {
        "right": ([(4, 10)], [(4, 10)]),
        "hides": ([(4, 12), (30, 3)], [(4, 12)]),
        "alarms": ([(4, 10)], [(9, 10)]),
        "missed": ([(20, 4)], []),
        "healthy": ([], []),
    }
    for name, (human, ai) in pairs.items():
        save(folder / "human" / f"{name}.nii.gz", *human)
        save(folder / "ai" / f"{name}.nii.gz", *ai)
    result = run("--data", folder, "--out", folder / "out")
    assert result.returncode == 0, result.stderr
    return folder / "out"


def test_the_page_tells_of_every_case(written: Path) -> None:
    page = (written / "picai-human-vs-ai.md").read_text(encoding="utf-8")
    assert "# Human against AI on 5 public cases" in page
    assert "5 reference lesions: 3 found, 2 missed." in page
    hidden, _, rest = page.partition("## False alarms")
    assert "`hides`" in hidden
    assert "`alarms`" in rest
    assert "nan" not in page.lower().split()
    published = (ROOT / "docs" / "analysis" / "picai-human-vs-ai.md").read_text(encoding="utf-8")
    sections = [line for line in page.splitlines() if line.startswith("## ")]
    assert [line for line in published.splitlines() if line.startswith("## ")] == sections


@pytest.mark.parametrize("name", ["distance", "hidden", "histogram"])
def test_the_plots_are_whole(written: Path, name: str) -> None:
    plot = ElementTree.parse(written / f"picai-human-vs-ai-{name}.svg").getroot()  # noqa: S314 - our own file
    assert plot.tag.endswith("svg")
    assert len(list(plot.iter())) > 20


def test_without_the_data_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    result = run("--data", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "nowhere" in result.stdout
    assert not (tmp_path / "out").exists()
