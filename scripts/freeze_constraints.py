"""Write constraints.txt: the versions that are installed here of all that the project needs.

Only the packages that napari-medassist asks for, directly or through others, are listed; what else is
in the environment is left out. Packages of extras that are not installed keep their version.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PROJECT = "napari-medassist"
#: Debian 12's; some packages ask for a later 3.11.
LOWEST_PYTHON = "3.11.2"
EXTRAS = ("pyqt6", "torch", "voice", "dev")
CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
HEADER = """\
# The versions that the tests ran with. Made by `make constraints`; not to be edited by hand, except for
# packages of extras that the tests do not install (torch, sounddevice): those keep their version.
"""


def canonical(name: str) -> str:
    """Return a distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, extras: tuple[str, ...]) -> set[str]:
    """Collect the canonical names of everything that a distribution needs on this machine."""
    found: set[str] = set()
    visited: set[tuple[str, tuple[str, ...]]] = set()
    to_visit = [(name, extras)]
    while to_visit:
        current = to_visit.pop()
        if current in visited:
            continue
        visited.add(current)
        for requirement in requirements(*current):
            found.add(canonical(requirement.name))
            to_visit.append((canonical(requirement.name), tuple(sorted(requirement.extras))))
    return found - {canonical(PROJECT)}


def requirements(name: str, extras: tuple[str, ...]) -> list[Requirement]:
    """Return what a distribution asks for here; nothing for one that is not installed."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    parsed = [Requirement(line) for line in lines]
    return [r for r in parsed if applies(r, extras)]


def applies(requirement: Requirement, extras: tuple[str, ...]) -> bool:
    """Tell whether a requirement holds on this machine, with these extras asked for."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def installed_version(name: str) -> str | None:
    """Return the installed version, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def require_lowest_python(names: set[str]) -> None:
    """Stop if an installed package does not run on the lowest Python."""
    for name in sorted(names):
        asked = metadata.metadata(name).get("Requires-Python", "") if installed_version(name) else ""
        if LOWEST_PYTHON not in SpecifierSet(asked):
            raise SystemExit(
                f"{name} {installed_version(name)} needs Python {asked}, not {LOWEST_PYTHON}: "
                "install an older version of it, then freeze again."
            )


def earlier_versions() -> dict[str, str]:
    """Read the versions that constraints.txt holds now."""
    lines = CONSTRAINTS.read_text().splitlines() if CONSTRAINTS.exists() else []
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {canonical(name): version for name, version in pairs}


def main() -> None:
    """Write the file."""
    names = needed(PROJECT, EXTRAS)
    require_lowest_python(names)
    earlier = earlier_versions()
    versions = {
        name: installed_version(name) or earlier.get(name) for name in sorted(needed(PROJECT, EXTRAS))
    }
    lines = [f"{name}=={version}" for name, version in versions.items() if version is not None]
    CONSTRAINTS.write_text(HEADER + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
