"""The package as a whole: light to import, one place for flips, documented, complete in its wheel."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import napari_medassist as ma

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "napari_medassist"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = "torch SimpleITK pydicom scipy nibabel pandas skimage av dask qtpy PyQt6 PySide6 napari numpy"

#: The only files that may turn axes: the flips of the project, and the doors to other libraries.
MAY_TURN_AXES = {"core/orientation.py", "io/bridges.py"}
TURNS_AXES = re.compile(
    r"\btranspose\(|\bnp\.(flip|fliplr|flipud|rot90)\(|\b(swapaxes|moveaxis|rollaxis)\("
)
MAX_LINES = 400


def modules_loaded_by(statement: str) -> set[str]:
    """Run a statement in a new Python and name the top-level modules that it loads."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def all_of(tree: ast.AST, *kinds: type[ast.AST]) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_loaded_by("import napari_medassist") & set(HEAVY.split())


def test_core_needs_numpy_only():
    loaded = modules_loaded_by("import napari_medassist.core.geometry, napari_medassist.core.case")
    assert loaded & set(HEAVY.split()) == {"numpy"}


@pytest.mark.parametrize("path", sorted(SOURCE.glob("_plugin/*.py")), ids=lambda path: path.stem)
def test_what_the_manifest_names_loads_without_a_window(path):
    loaded = modules_loaded_by(f"import napari_medassist._plugin.{path.stem}")
    assert not loaded & {"napari", "qtpy", "PyQt6", "PySide6", "torch", "skimage"}


@pytest.mark.parametrize("name", ma.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    assert getattr(ma, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ma.no_such_name


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_keeps_the_house_rules(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says in its docstring what it is for"
    assert len(text.splitlines()) <= MAX_LINES, "split a file that does more than one thing"
    assert relative(path) in MAY_TURN_AXES or not TURNS_AXES.search(text), (
        "axes are flipped and transposed in core/orientation.py only"
    )
    assert relative(path).startswith("cli/") or not calls_print(tree), "only the command line prints"
    assert not too_long_functions(tree), "a function of more than 60 lines hides its steps"


def calls_print(tree: ast.AST) -> bool:
    calls = all_of(tree, ast.Call)
    return any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


def too_long_functions(tree: ast.AST) -> list[str]:
    functions = all_of(tree, ast.FunctionDef, ast.AsyncFunctionDef)
    return [f.name for f in functions if n_code_lines(f) > 60]


def n_code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring, which may be as long as it needs to be."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    in_docstring = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - in_docstring


def test_the_manifest_at_the_root_is_the_one_of_the_package():
    assert (ROOT / "napari.yaml").resolve() == SOURCE / "napari.yaml"


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory) -> set[str]:
    """Names of the files in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    "name",
    [
        "napari.yaml",
        "py.typed",
        "io/roles.yaml",
        "_sample_data/README.md",
        "evaluation/report/templates/report.html",
        "evaluation/report/static/plotly-basic.min.js",
        "evaluation/report/static/LICENSE-plotly.txt",
    ],
)
def test_the_wheel_holds_what_the_plugin_needs(wheel_names, name):
    assert f"napari_medassist/{name}" in wheel_names


def test_the_wheel_names_the_licences_of_all_that_it_holds(wheel_names):
    licences = {name.partition("/licenses/")[2] for name in wheel_names if "/licenses/" in name}
    assert {Path(name).name for name in licences} == {"LICENSE", "LICENSE-plotly.txt"}


def test_the_wheel_holds_every_module(wheel_names):
    assert {f"napari_medassist/{relative(path)}" for path in MODULES} <= wheel_names


def test_the_wheel_holds_the_sample_data_without_the_scripts_that_made_them(wheel_names):
    sample = {name for name in wheel_names if "/_sample_data/" in name}
    assert any(name.endswith(".nii.gz") for name in sample)
    assert not any(name.endswith((".py", ".pyc")) for name in sample)


def test_no_large_file_was_committed_by_accident() -> None:
    """Tools leave files where they stand; only weights, samples and what the report needs are large."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: nothing tells what is committed")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    files = [Path(name) for name in listed.stdout.split("\0") if name]
    may = {"model_weights", "sample_data"}
    large = [
        path.as_posix()
        for path in files
        if (ROOT / path).is_file()
        and (ROOT / path).stat().st_size > 1_000_000
        and path.parts[0] not in may
        and "static" not in path.parts
    ]
    assert not large
