"""An alignment as files: the map, what it carries, what was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_medassist import __version__
from napari_medassist.app.registering.aligning import Alignment
from napari_medassist.app.registering.carrying import CarriedLabels
from napari_medassist.app.registering.verdict import Thresholds
from napari_medassist.core.errors import UnsupportedFormat, WriteFailed
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.derived.registration_writing import write_registration
from napari_medassist.io.files import write
from napari_medassist.io.map_files import write_map
from napari_medassist.io.transform_files import write_transform

QUALITY_FILE, REGISTRATION_FILE = "quality.json", "registration.dcm"


def write_alignment(
    alignment: Alignment,
    folder: Path,
    *,
    also: Sequence[Volume] = (),
    notes: Sequence[str] = (),
    thresholds: Thresholds | None = None,
) -> tuple[Path, ...]:
    """Write an alignment into a folder; each file is replaced whole or not at all.

    Parameters
    ----------
    alignment
        What was found.
    folder
        It is made if it is not there.
    also
        Further images on the fixed grid.
    notes
        What a reader should know.
    thresholds
        Of the verdict, to be written beside it.

    Returns
    -------
    tuple of Path
        ``transform.tfm`` (``.h5`` with a deformation), ``registration.dcm`` where both images come from
        DICOM, the moved images as NIfTI, carried label maps as NIfTI, and ``quality.json``.

    Raises
    ------
    WriteFailed
        If the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"The folder cannot be made ({error.strerror}).", path=folder) from error
    is_linear = isinstance(alignment.transform, AffineTransform)
    written = [
        write_transform(alignment.transform, folder / f"transform.{'tfm' if is_linear else 'h5'}")
    ]
    names: set[str] = set()
    written += [
        write_map(image, folder / f"moved-{_free_name(image.name, names)}.nii.gz")
        for image in (alignment.moved, *also)
    ]
    for carried in alignment.quality.carried:
        name = _free_name(carried.labels.name, names)
        written.append(write(carried.labels, folder / f"labels-{name}.nii.gz"))
    told = list(notes)
    if _are_dicom(alignment):
        path = folder / REGISTRATION_FILE
        try:
            made = write_registration(alignment.transform, alignment.fixed, alignment.moving, path)
            written.append(made)
        except UnsupportedFormat as error:  # the rest is whole without it
            told.append(f"No {REGISTRATION_FILE}: {error}")
    path = folder / QUALITY_FILE
    plain = {**as_plain(alignment, thresholds), "notes": told}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(plain, indent=1, ensure_ascii=False), encoding="utf-8")
    return (*written, path)


def as_plain(alignment: Alignment, thresholds: Thresholds | None = None) -> dict[str, Any]:
    """Return all that was measured as plain values; what is undefined is null."""
    quality, wish = alignment.quality, alignment.wish
    targets = quality.targets
    start = wish.start
    plain: dict[str, Any] = {
        "software": f"napari-medassist {__version__}",
        "fixed": alignment.fixed.name,
        "moving": alignment.moving.name,
        "method": wish.method,
        "start": "given" if isinstance(start, AffineTransform) else str(start),
        "start_matrix_lps": alignment.start.matrix_lps,
        "verdict": str(alignment.verdict.light),
        "reasons": [{"light": str(r.light), "text": r.text} for r in alignment.verdict.reasons],
        "thresholds": (thresholds or Thresholds()).settings(),
        "overlap_share": quality.overlap_share,
        "normalised_mutual_information": [quality.information_before, quality.information_after],
        "optimised": [alignment.registered.before, alignment.registered.after],
        "n_iterations": alignment.registered.n_iterations,
        "space": asdict(quality.space),
        "way_back_mm": quality.way_back_mm,
        "target_errors": None if targets is None else asdict(targets),
        "labels": [_labels_plain(carried) for carried in quality.carried],
    }
    return {key: _finite(value) for key, value in plain.items()}


def _are_dicom(alignment: Alignment) -> bool:
    """Tell whether both images come from DICOM."""
    return all(
        volume.acquisition.series_uid and volume.acquisition.frame_of_reference_uid
        for volume in (alignment.fixed, alignment.moving)
    )


def _labels_plain(carried: CarriedLabels) -> dict[str, Any]:
    return {
        "name": carried.labels.name,
        "before": _scores(carried.before),
        "after": _scores(carried.after),
        "changed_verdicts": [
            {"lesion": number, "before": str(was), "after": str(is_now)}
            for number, was, is_now in carried.changed_verdicts
        ],
        "lesions": [{**asdict(lesion), "moved_mm": lesion.moved_mm} for lesion in carried.lesions],
    }


def _scores(evaluation: CaseEvaluation | None) -> Mapping[str, Any] | None:
    if evaluation is None:
        return None
    counts = evaluation.counts
    names = ("dice", "assd_mm", "hd95_mm")
    return {
        **{name: evaluation.score(name) for name in names},
        **({} if counts is None else asdict(counts)),
    }


def _finite(value: Any) -> Any:
    """Return plain values with null for numbers that are not finite: JSON knows no others."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value


def _free_name(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "image"
    found, number = base, 2
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    taken.add(found)
    return found
