"""A folder to give away: the images and labels of a case, without what identifies the patient."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID

from napari_medassist.core.errors import FileProblem, MedAssistError, WriteFailed
from napari_medassist.core.progress import Progress, silent
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.header import header_of
from napari_medassist.io.dicom.kinds import is_derived, not_an_image
from napari_medassist.io.dicom.scan import files_below, is_dicom, is_directory_file
from napari_medassist.io.dicom.tags import MALFORMED
from napari_medassist.io.sharing.burned_in import Box, Doubt, black_out, doubt_of
from napari_medassist.io.sharing.headers import clean_nifti, clean_nrrd
from napari_medassist.io.sharing.profile import SharingOptions, Traces, clean
from napari_medassist.io.sharing.pseudonyms import Pseudonyms
from napari_medassist.io.sharing.words import known_words

_CLEANERS = {".nii": clean_nifti, ".nii.gz": clean_nifti, ".nrrd": clean_nrrd, ".seg.nrrd": clean_nrrd}


@dataclass
class Shared:
    """What was shared.

    Parameters
    ----------
    folder
        The shared folder.
    n_files
        Number of files in it.
    left_out
        Files that were not shared, each with the reason.
    warnings
        What to look at before the folder is given away.
    """

    folder: Path
    n_files: int = 0
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Blacking:
    """Which pixels are made black in the copies of images that may have text burned in.

    Parameters
    ----------
    found
        Black out what the search for text found.
    everywhere
        Boxes that are black in each of these images.
    drawn
        Boxes of single files, by path; for such a file what the search found does not count.
    """

    found: bool = False
    everywhere: tuple[Box, ...] = ()
    drawn: Mapping[Path, tuple[Box, ...]] = field(default_factory=dict)

    def of(self, path: Path, doubt: Doubt) -> tuple[Box, ...]:
        """Return the boxes of an image."""
        if path in self.drawn:
            return (*self.everywhere, *self.drawn[path])
        return (*self.everywhere, *(doubt.boxes if self.found else ()))


def share(
    source: Path | Sequence[Path],
    folder: Path,
    mapping: Path,
    *,
    options: SharingOptions | None = None,
    keep_doubtful: bool | Callable[[Path], bool] = False,
    blacking: Blacking | None = None,
    progress: Progress = silent,
) -> Shared:
    """Copy the images, segmentations and label maps of a case without what identifies the patient.

    DICOM follows the basic profile of PS3.15 E, with the options to clean descriptors and structured
    content and to retain safe private values. UIDs are replaced, the same by the same, so that files
    still refer to each other. NIfTI and NRRD headers lose their free text. Every file and folder gets
    a new name. What is no image and no segmentation is left out, as are images that may have text
    burned into their pixels (ultrasound, secondary captures, and what says so of itself).

    Before the folder takes its place, the old identifiers are looked for in every byte of it.

    Parameters
    ----------
    source
        A folder, a file, or several of these: the files of one case.
    folder
        The folder to make; must not exist or be empty.
    mapping
        The file (JSON) that says which new identifier was which old one; outside of the folder.
    options
        What is kept beyond the profile.
    keep_doubtful
        Share images that may have text burned in as well: all, or those whose path it says yes to. Look
        at each of them before.
    blacking
        What is made black in these images; nothing by default. Their pixels are stored anew then.
    progress
        Told after each file.

    Raises
    ------
    WriteFailed
        If the folder is there already, the mapping would lie in it, or an old identifier was found in
        what was about to be shared. Nothing is left behind then.
    FileProblem
        If nothing at the path can be shared.
    """
    folder, mapping = folder.expanduser().resolve(), mapping.expanduser().resolve()
    sources = (source,) if isinstance(source, Path) else tuple(source)
    for one in sources:
        _require_free(one, folder, mapping)
    names = Pseudonyms(shift_dates=bool(options and options.shift_dates))
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sharing-") as place:
        work = Path(place) / "share"
        work.mkdir()
        keeps = keep_doubtful if callable(keep_doubtful) else lambda _path: bool(keep_doubtful)
        sharing = _Sharing(work, names, options or SharingOptions(), keeps, blacking or Blacking())
        files = files_of(sources)
        for done, path in enumerate(files, start=1):
            sharing.add(path)
            progress(done, len(files), "Removing identifiers")
        if not sharing.shared.n_files:
            told = "".join(f"\n- {line}" for line in sharing.shared.left_out[:10])
            raise FileProblem(f"Nothing here can be shared.{told}", path=next(iter(sources), None))
        _require_clean(work, sharing.traces.to_look_for())
        with replacing(mapping) as temporary:
            temporary.write_text(json.dumps(asdict(names), indent=1), encoding="utf-8")
            temporary.chmod(0o600)
        if folder.exists():
            folder.rmdir()
        shutil.move(work, folder)
    sharing.shared.folder = folder
    return sharing.shared


def files_of(sources: Sequence[Path]) -> list[Path]:
    """Return the files of several files and folders, each once."""
    found = (p for one in sources for p in (files_below(one) if one.is_dir() else [one]))
    return list(dict.fromkeys(found))


class _Sharing:
    """Copies file by file, and remembers what has been removed."""

    def __init__(
        self,
        work: Path,
        names: Pseudonyms,
        options: SharingOptions,
        keeps: Callable[[Path], bool],
        blacking: Blacking,
    ) -> None:
        self.shared = Shared(work)
        self.traces = Traces()
        self._work, self._names, self._options = work, names, options
        self._keeps, self._blacking = keeps, blacking
        self._series: dict[str, int] = {}

    def add(self, path: Path) -> None:
        """Share a file, or note why not."""
        try:
            if is_dicom(path):
                self._add_dicom(path)
            else:
                self._add_other(path)
        except MedAssistError as error:
            self._leave_out(path, error.message)
        except MALFORMED as error:
            self._leave_out(path, f"It cannot be read ({error or type(error).__name__}).")

    def _add_dicom(self, path: Path) -> None:
        dataset = dcmread(path, force=True)
        if is_directory_file(dataset):
            return
        header = header_of(path, dataset)
        kind = "" if is_derived(header) else not_an_image(header)
        if kind:
            self._leave_out(path, f"This is {kind}.")
            return
        keeps = self._keeps(path)
        doubt = doubt_of(header, dataset, looks=keeps)
        if doubt is not None and not keeps:
            self._leave_out(path, f"{doubt.why}: names may be written in its pixels.")
            return
        if doubt is not None:
            boxes = self._blacking.of(path, doubt)
            if boxes:
                black_out(dataset, boxes)
            self.shared.warnings.append(f"{path.name}: {doubt.in_words(boxes)}")
        clean(dataset, self._names, self._options, self.traces)
        number = self._series.setdefault(header.series_uid, len(self._series) + 1)
        target = self._work / f"series-{number:02}"
        target.mkdir(exist_ok=True)
        self._write(dataset, path, target / f"{len(list(target.iterdir())) + 1:05}.dcm")

    def _write(self, dataset: FileDataset, path: Path, target: Path) -> None:
        syntax = dataset.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2")
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = UID(syntax)
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta = meta
        dataset.preamble = b"\0" * 128  # may hold anything
        dataset.save_as(target, enforce_file_format=True)
        self._done(path, target)

    def _add_other(self, path: Path) -> None:
        endings = sorted(_CLEANERS, key=len, reverse=True)
        ending = next((e for e in endings if path.name.lower().endswith(e)), None)
        if ending is None:
            self._leave_out(path, "Files of this kind are not shared.")
            return
        words = known_words(path.name[: -len(ending)]).lower().replace(" ", "-")
        number = self.shared.n_files + 1
        target = self._work / f"image-{number:03}{'-' + words if words else ''}{ending}"
        _CLEANERS[ending](path, target)
        self._done(path, target)

    def _done(self, path: Path, target: Path) -> None:
        self._names.files[str(target.relative_to(self._work))] = str(path)
        self.shared.n_files += 1

    def _leave_out(self, path: Path, why: str) -> None:
        self.shared.left_out.append(f"{path}: {why}")


def _require_free(source: Path, folder: Path, mapping: Path) -> None:
    if not source.exists():
        raise FileProblem("There is no such file or folder.", path=source, cure="Check the name.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WriteFailed("It is there already.", path=folder, cure="Choose a new folder.")
    if not folder.parent.is_dir():
        raise WriteFailed("The folder does not exist.", path=folder.parent, cure="Create it first.")
    inside = source.is_dir() and folder.is_relative_to(source.resolve())
    if inside or mapping.is_relative_to(folder):
        what = "The shared folder would lie in the case itself" if inside else (
            "The mapping would lie in the shared folder, and undo all"
        )  # fmt: skip
        raise WriteFailed(f"{what}.", path=folder, cure="Choose a place outside.")


def _require_clean(work: Path, removed: set[str]) -> None:
    """Raise if an old identifier is still found in a name or in any byte of the share."""
    old = [value.encode() for value in removed]
    for path in files_below(work):
        content = path.read_bytes() + path.name.encode()
        for value in old:
            if value in content:
                raise WriteFailed(
                    f"'{value.decode()}', which was removed from a header, still stands elsewhere in "
                    f"{path.relative_to(work)}; nothing was shared.",
                    path=path.name,
                    cure="Leave that file out, or report this: the profile should have removed it.",
                )
