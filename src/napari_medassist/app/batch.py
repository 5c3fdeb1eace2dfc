"""Run a model over all cases of a list, each into a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_medassist.app.exchange import save
from napari_medassist.app.reading.listing import ListedCase, listed
from napari_medassist.app.reading.opened_reading import read_listed
from napari_medassist.app.reading.readings import folder_name
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.reading.worklist_file import ENDING
from napari_medassist.app.segmenting import only_image, segment
from napari_medassist.core.errors import Cancelled, InvalidSetting, MedAssistError
from napari_medassist.core.progress import Progress, silent
from napari_medassist.io.map_files import write_map
from napari_medassist.models.card import ModelCard
from napari_medassist.models.places import is_installed

_PARTS = 100  # of the progress of one case


@dataclass(frozen=True)
class Batch:
    """What came of a list.

    Attributes
    ----------
    written
        Label maps.
    there_already
        Cases that had their file before; they were left as they are.
    failed, warned
        Cases with no file, and those that may not be believed, each with why.
    """

    written: tuple[Path, ...]
    there_already: tuple[str, ...]
    failed: tuple[str, ...]
    warned: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """The numbers in one line."""
        parts = [f"{len(self.written)} segmented"]
        parts += [f"{len(self.there_already)} there already"] if self.there_already else []
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += [f"{len(self.warned)} with warnings"] if self.warned else []
        return ", ".join(parts)


def cases_of(place: Path) -> tuple[ListedCase, ...]:
    """Return the cases of a worklist, a table (CSV) or a folder.

    Raises
    ------
    FileProblem
        If it cannot be read, or names no case.
    """
    if place.name.endswith(ENDING):
        return Worklist(place).cases
    return listed(place).cases


def segment_all(place: Path, card: ModelCard, out: Path, progress: Progress = silent) -> Batch:
    """Segment all cases of a list; what a case cannot do does not stop the others.

    A case whose file is there already is passed over, so that a run that was stopped goes on. Of a
    model that looks for lesions, their probability is written beside the candidates.

    Parameters
    ----------
    place
        A worklist, a table (CSV) or a folder of cases.
    card
        The model.
    out
        Folder for ``CASE.nii.gz`` of each; made if it is not there.
    progress
        Told how far it has come; may raise ``Cancelled``: what was written until then stays.

    Raises
    ------
    FileProblem
        If the list cannot be read.
    InvalidSetting
        If the weights are not here.
    """
    cases = cases_of(place)
    if not is_installed(card):
        raise InvalidSetting(f"The weights of '{card.name}' are not here.", cure="Fetch them first.")
    out.mkdir(parents=True, exist_ok=True)
    written, there, failed, warned = [], [], [], []
    for number, one in enumerate(cases):
        path = out / f"{folder_name(one.name)}.nii.gz"
        if path.exists():
            there.append(one.name)
            continue

        try:
            tell = partial(_tell, progress, number, len(cases), one.name)
            warnings = _segment_one(one, card, path, tell)
        except Cancelled:
            raise
        except MedAssistError as error:
            failed.append(f"{one.name}: {error}")
            continue
        written.append(path)
        warned += [f"{one.name}: {' '.join(warnings)}"] if warnings else []
    progress(len(cases) * _PARTS, len(cases) * _PARTS, card.title)
    return Batch(tuple(written), tuple(there), tuple(failed), tuple(warned))


def _tell(
    progress: Progress, number: int, n_cases: int, name: str, done: int, total: int, message: str, /
) -> None:
    """Report the progress of one case as a share of all."""
    share = _PARTS * done // max(1, total)
    progress(number * _PARTS + share, n_cases * _PARTS, f"{name}: {message}")


def _segment_one(one: ListedCase, card: ModelCard, path: Path, progress: Progress) -> tuple[str, ...]:
    progress(0, 1, "is read")
    case = read_listed(one)
    made = segment(case, card, preferred=only_image(card, case), progress=progress)
    if made.lesion_probability is not None:
        name = path.name.removesuffix(".nii.gz")
        write_map(made.lesion_probability, path.with_name(f"{name}_probability.nii.gz"))
    save(made.labels, path, case)
    return made.warnings
