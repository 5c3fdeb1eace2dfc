"""The process of the other program: ``python -m ...engines.process NAME FOLDER``."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from napari_medassist.registration.engines.files import FOUND


def main(name: str, folder: Path) -> None:
    """Let a module of this package align the images of a folder."""
    module = importlib.import_module(f"napari_medassist.registration.engines.{name}")
    names = [path.name for path in module.align(folder)]
    (folder / FOUND).write_text(json.dumps(names), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
