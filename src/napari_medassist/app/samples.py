"""Where the simulated sample cases are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from napari_medassist.core.errors import FileProblem, UnknownItem


@dataclass(frozen=True)
class Sample:
    """A sample case that comes with the package.

    Parameters
    ----------
    title
        What a user calls it; says that it is simulated.
    path
        Its file or folder, below the folder of the samples.
    labels
        Label maps that belong to it, by what they are.
    """

    title: str
    path: str
    labels: Mapping[str, str]


_MPMR_LABELS = "simulated-mpmr-labels"

#: All sample cases by name.
SAMPLES: Mapping[str, Sample] = MappingProxyType(
    {
        "mpmr": Sample(
            "Prostate mpMR (SIMULATED)",
            "simulated-mpmr",
            MappingProxyType(
                {
                    "reference": f"{_MPMR_LABELS}/reference.nii.gz",
                    "prediction": f"{_MPMR_LABELS}/prediction.nii.gz",
                    "zones": f"{_MPMR_LABELS}/zones.nii.gz",
                }
            ),
        ),
        "ct": Sample(
            "Chest CT (SIMULATED)",
            "simulated-ct.nii.gz",
            MappingProxyType(
                {
                    "opacities": "simulated-ct-opacities.nii.gz",
                    "lungs": "simulated-ct-lungs.nii.gz",
                }
            ),
        ),
        "ultrasound": Sample(
            "Ultrasound clip (SIMULATED)", "simulated-ultrasound.mp4", MappingProxyType({})
        ),
    }
)

_PACKAGE = Path(__file__).resolve().parents[1]
#: In an installed wheel the samples lie in the package, in a checkout beside ``src``.
_PLACES = (_PACKAGE / "_sample_data", _PACKAGE.parents[1] / "sample_data")
_CURE = "Install the package again; in a checkout run 'python sample_data/make_sample_data.py'."


def sample_folder() -> Path:
    """Return the folder of the sample cases.

    Raises
    ------
    FileProblem
        If the samples are neither in the package nor in the checkout.
    """
    for place in _PLACES:
        if (place / SAMPLES["mpmr"].path).is_dir():
            return place
    raise FileProblem(
        "The sample cases are not here.",
        path=_PLACES[0],
        cure=_CURE,
    )


def sample_path(name: str) -> Path:
    """Return the file or folder of a sample case.

    Parameters
    ----------
    name
        A key of ``SAMPLES``.

    Raises
    ------
    UnknownItem
        If there is no sample of that name.
    FileProblem
        If its file is missing.
    """
    return _existing(_sample(name).path)


def sample_label_maps(name: str) -> dict[str, Path]:
    """Return the label maps of a sample case, by what they are.

    Parameters
    ----------
    name
        A key of ``SAMPLES``. The mpMR case has ``reference``, ``prediction`` and ``zones`` on the grid
        of its T2w; the CT has ``opacities`` and ``lungs``.

    Raises
    ------
    UnknownItem
        If there is no sample of that name.
    FileProblem
        If a file is missing.
    """
    return {kind: _existing(path) for kind, path in _sample(name).labels.items()}


def sample_labels() -> tuple[Path, Path]:
    """Return the reference and the prediction of the mpMR study's lesions, both on its T2w's grid."""
    maps = sample_label_maps("mpmr")
    return maps["reference"], maps["prediction"]


def sample_study() -> Path:
    """Return the folder of the prostate mpMR study (DICOM)."""
    return sample_path("mpmr")


def sample_voice() -> Path:
    """Return a spoken command (sound): a lesion with score, side, zone and level."""
    return _existing("simulated-voice.flac")


def sample_ct() -> Path:
    """Return the chest CT (NIfTI)."""
    return sample_path("ct")


def sample_ultrasound() -> Path:
    """Return the ultrasound clip (MP4)."""
    return sample_path("ultrasound")


def _sample(name: str) -> Sample:
    if name not in SAMPLES:
        raise UnknownItem(f"There is no sample case '{name}', there are {', '.join(SAMPLES)}.")
    return SAMPLES[name]


def _existing(path: str) -> Path:
    found = sample_folder() / path
    if not found.exists():
        raise FileProblem(
            "This sample is missing.",
            path=found,
            cure=_CURE,
        )
    return found
