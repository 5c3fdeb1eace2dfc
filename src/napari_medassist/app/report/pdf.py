"""A report on paper: the page printed to PDF by a Chromium that runs without a window."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from napari_medassist.core.errors import MedAssistError, WriteFailed
from napari_medassist.io.atomic import replacing

#: Names that Chromium and its kin go by; the first one found is used.
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
#: Names the program to use instead.
BROWSER_VARIABLE = "NAPARI_MEDASSIST_BROWSER"
_SECONDS = 180
_DRAWING_MS = 15_000


def find_browser() -> Path | None:
    """Return a Chromium, Chrome or Edge of this machine; None if there is none."""
    named = os.environ.get(BROWSER_VARIABLE)
    names = (named,) if named else (*_NAMES, *_MAC)
    found = (shutil.which(name) for name in names)
    return next((Path(path) for path in found if path), None)


def print_to_pdf(page: Path, pdf: Path) -> Path:
    """Print a page to an A4 PDF, whole or not at all.

    Parameters
    ----------
    page
        A report.
    pdf
        The file to write.

    Raises
    ------
    MedAssistError
        If there is no Chromium, or it fails.
    WriteFailed
        If the file cannot be written.
    """
    browser = require_browser()
    with tempfile.TemporaryDirectory() as profile, replacing(pdf) as temporary:
        command = [
            str(browser),
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            # Chromium refuses to run as root in its sandbox; the page is ours and loads nothing.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            f"--user-data-dir={profile}",
            f"--virtual-time-budget={_DRAWING_MS}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={temporary.resolve()}",
            page.resolve().as_uri(),
        ]
        _run(command, browser)
        if not temporary.is_file():
            raise WriteFailed(
                "The browser wrote no PDF.", path=pdf, cure="Print the HTML page instead."
            )
    return pdf


def require_browser() -> Path:
    """Return the browser that prints.

    Raises
    ------
    MedAssistError
        If there is none.
    """
    browser = find_browser()
    if browser is None:
        raise MedAssistError(
            "A PDF needs Chromium, Chrome or Edge, and none was found.",
            cure=f"Install one, name it in {BROWSER_VARIABLE}, or open the HTML page and print it.",
        )
    return browser


def _run(command: list[str], browser: Path) -> None:
    try:
        ran = subprocess.run(  # noqa: S603  a browser of this machine, with our own file
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MedAssistError(
            f"The browser could not print the page ({error}).", path=browser, cure="Print it by hand."
        ) from error
    if ran.returncode:
        told = ran.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise MedAssistError(
            f"The browser failed ({told[0]}).", path=browser, cure="Print the page by hand."
        )
