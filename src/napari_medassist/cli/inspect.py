"""``napari-medassist inspect``: what is in a file or folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

_HEADERS = ("role", "modality", "description", "voxels (x y z)", "spacing mm", "times", "b-values")


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "inspect",
        help="say what is in a file or folder",
        description="Say what is in a file or folder: series, roles, grids, b-values, warnings.",
    )
    parser.add_argument("path", type=Path, help="a DICOM study folder, or any image file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--roles", type=Path, metavar="FILE", help="role rules tried before our own")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the path and print what it holds, with the warnings about it."""
    from napari_medassist.app.inspection import describe
    from napari_medassist.io.files import read
    from napari_medassist.io.roles import config_file, load_rules

    found = describe(read(args.path, rules=load_rules(args.roles)))
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"{found['case']}: {len(found['series'])} series")
    for line in table([_HEADERS, *(_row(entry) for entry in found["series"])]):
        print(line)
    for entry in found["series"]:
        for warning in entry["warnings"]:
            print(f"! {entry['description']}: {warning}")
    for warning in found["warnings"]:
        print(f"! {warning}")
    print(f"Wrong role? Your own rules go to {config_file()} or --roles FILE.")
    return 0


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of cells as lines with aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    shape, spacing = entry["shape_zyx"], entry["spacing_zyx_mm"]
    role = f"{entry['role']} (calc.)" if entry["calculated"] else entry["role"]
    return (
        role,
        entry["modality"],
        entry["description"],
        " ".join(str(n) for n in reversed(shape)),
        "-" if spacing is None else " ".join("-" if s is None else f"{s:.4g}" for s in spacing[::-1]),
        str(entry["n_timepoints"]),
        " ".join(f"{b:g}" for b in entry["b_values"]) or "-",
    )
