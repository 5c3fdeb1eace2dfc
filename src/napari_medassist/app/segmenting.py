"""Segment a case with a model: which models fit, which images they take, and the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from napari_medassist.app.candidates import with_candidates, within_organ
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage, TooLarge
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Modality, Volume
from napari_medassist.models.backends.choice import load
from napari_medassist.models.card import ModelCard, ModelInput, Task
from napari_medassist.models.classical.model import ClassicalModel
from napari_medassist.models.memory import free_memory_mb, needed_memory_mb
from napari_medassist.models.places import is_installed
from napari_medassist.models.prediction import Model, Prediction, checked_inputs, leading_of
from napari_medassist.models.predictor import NetworkModel
from napari_medassist.models.registry import find_model, models

#: Models that stay ready: a second case with the same model need not wait for it again.
_READY = 2


@dataclass(frozen=True)
class OfferedModel:
    """A model beside a case.

    Attributes
    ----------
    card
        The model.
    is_installed
        Whether its weights are here.
    misfit
        Why it cannot run on the case; empty if it can.
    """

    card: ModelCard
    is_installed: bool
    misfit: str


def offered_models(case: Case | None, selected: Volume | None = None) -> tuple[OfferedModel, ...]:
    """Return all models: those that fit the case first, of them those that are installed.

    Parameters
    ----------
    case
        The case that is open.
    selected
        The image that is selected in it; see :func:`preferred_images`.
    """
    offered = [
        OfferedModel(card, is_installed(card), misfit(card, case, selected)) for card in models()
    ]
    return tuple(sorted(offered, key=lambda o: (bool(o.misfit), not o.is_installed)))


def misfit(card: ModelCard, case: Case | None, selected: Volume | None = None) -> str:
    """Return why a model cannot run on a case; empty if it can."""
    if case is None:
        return "no case is open"
    there = {wanted.role for wanted in card.inputs if _best(case, wanted) is not None}
    missing = [w.role for w in card.inputs if w.role not in there and (not w.is_optional or not there)]
    if not missing or preferred_images(card, case, selected):
        return ""
    return f"the case has no {' and no '.join(missing)}"


def preferred_images(card: ModelCard, case: Case, selected: Volume | None) -> tuple[Volume, ...]:
    """Return the selected image where a model may take it.

    That is so if it has a role that the model takes; or if the model takes one image, the case has none
    of its role, and the file does not say that it is of another kind of imaging.
    """
    if selected is None:
        return ()
    if any(wanted.role == selected.role for wanted in card.inputs):
        return (selected,)
    (first, *others) = card.inputs
    is_stranger = selected.modality not in (first.modality, Modality.OTHER)
    if others or is_stranger or _best(case, first) is not None:
        return ()
    return (selected,)


def only_image(card: ModelCard, case: Case) -> tuple[Volume, ...]:
    """Return a case's one image for a model that takes one, where nothing says that it is another."""
    volumes = tuple(case.volumes())
    if len(volumes) != 1 or len(card.inputs) != 1:
        return ()
    (wanted,) = card.inputs
    (volume,) = volumes
    fits = volume.role in (wanted.role, "other") and volume.modality in (
        wanted.modality,
        Modality.OTHER,
    )
    return volumes if fits else ()


def inputs_of(
    card: ModelCard, case: Case, preferred: Sequence[Volume] = ()
) -> tuple[dict[str, Volume], tuple[str, ...]]:
    """Choose the images that a model takes.

    Parameters
    ----------
    card
        The model.
    case
        Where they are chosen from.
    preferred
        Images that go before others of their role; for a model with one input, whatever their role.

    Returns
    -------
    tuple of dict and tuple of str
        Images by role, and what a user should know of the choice.

    Raises
    ------
    InvalidImage
        If an input is missing.
    """
    found, told = {}, []
    for wanted in card.inputs:
        volume = next((v for v in preferred if v.role == wanted.role), None)
        if volume is None and len(card.inputs) == 1 and len(preferred) == 1:
            volume = preferred[0]
            told.append(f"'{volume.name}' is taken as {wanted.role}; it was read as {volume.role}.")
        if volume is None and len(card.inputs) > 1:
            volume = _aligned(case, wanted)
            if volume is not None:
                told.append(f"'{volume.name}' is taken as {wanted.role} as it was aligned.")
        volume = volume or _best(case, wanted)
        if volume is None and wanted.is_optional:
            continue
        if volume is None:
            raise InvalidImage(
                f"'{card.name}' needs {wanted.role}; '{case.name}' has none.",
                cure="Choose the image, or rename its series so that its role is recognised.",
            )
        found[wanted.role] = volume
    return found, tuple(told)


def segment(
    case: Case,
    model: ModelCard | str,
    *,
    preferred: Sequence[Volume] = (),
    backend: str = "",
    n_threads: int | None = None,
    doubting: bool = False,
    progress: Progress = silent,
) -> Prediction:
    """Run a model on a case.

    Parameters
    ----------
    case
        The images.
    model
        The model, or its name.
    preferred
        See :func:`inputs_of`.
    backend
        Name of what runs the network; the first that is installed by default.
    n_threads
        Threads; all processors by default.
    doubting
        Whether to tell where the network is not sure (and to look twice, where mirroring makes sense).
    progress
        Told how far it has come; may raise ``Cancelled``, which leaves nothing behind.

    Returns
    -------
    Prediction
        Labels on the grid of the model's first image, and why they may not be believed. Of a detection
        model, the labels are candidates, each with a confidence.

    Raises
    ------
    UnknownItem
        If there is no model of that name.
    InvalidImage
        If an image is missing or cannot be segmented.
    FileProblem, CorruptFile
        If the weights are not here, or not the expected ones.
    TooLarge
        If it would not fit into the free memory.
    """
    card = find_model(model) if isinstance(model, str) else model
    images, told = inputs_of(card, case, preferred)
    leading = leading_of(checked_inputs(card, images))
    needed, free = needed_memory_mb(card, leading.geometry), free_memory_mb()
    if free is not None and needed > free:
        raise TooLarge(
            f"'{card.name}' needs about {needed:.0f} MB on this image, {free:.0f} MB are free.",
            cure="Close other programs or cases.",
        )
    progress(0, 100, f"{card.name} is loaded")
    made = predicted(
        _ready(card, backend, n_threads),
        images,
        doubting=doubting,
        progress=progress,
        backend=backend,
        n_threads=n_threads,
    )
    return replace(made, warnings=(*told, *made.warnings))


def predicted(
    model: Model,
    images: Mapping[str, Volume],
    *,
    doubting: bool = False,
    progress: Progress = silent,
    backend: str = "",
    n_threads: int | None = None,
) -> Prediction:
    """Run a model that is ready on its images by role; see :func:`segment`.

    Parameters
    ----------
    model
        The model.
    images
        Its inputs by role.
    doubting, progress
        As for :func:`segment`.
    backend, n_threads
        What runs the model that outlines the organ, for one that looks for lesions.
    """
    made = model.predict(images, progress, doubting=doubting)
    if model.card.task is not Task.DETECTION:
        return made
    return _within_organ(model.card, images, with_candidates(made), backend, n_threads)


def _within_organ(
    card: ModelCard,
    images: Mapping[str, Volume],
    made: Prediction,
    backend: str,
    n_threads: int | None,
) -> Prediction:
    """Leave out candidates beyond the organ, where the case has the image that shows it."""
    if not card.organ or not made.confidences:
        return made
    organ = find_model(card.organ)
    if any(w.role not in images for w in organ.inputs) or leading_of(images) is not images.get(
        organ.inputs[0].role
    ):
        told = f"Without {organ.inputs[0].role} candidates were looked for everywhere."
        return replace(made, warnings=(*made.warnings, told))
    found = _ready(organ, backend, n_threads).predict(images)
    seconds = {**made.seconds, organ.name: sum(found.seconds.values())}
    # An outline that may not be believed is no reason to leave something out without a word.
    doubts = tuple(f"{organ.name}: {w}" for w in found.warnings if w not in made.warnings)
    kept = within_organ(made, found.labels)
    return replace(kept, seconds=seconds, warnings=(*kept.warnings, *doubts))


@lru_cache(maxsize=_READY)
def _ready(card: ModelCard, backend: str, n_threads: int | None) -> Model:
    if card.network is None:
        return ClassicalModel(card)
    return NetworkModel(card, card.network, load(card, backend, n_threads))


def _best(case: Case, wanted: ModelInput) -> Volume | None:
    """Return the first three-dimensional image of a role that is not of another kind of imaging."""
    return next(_fitting(case, wanted), None)


def _aligned(case: Case, wanted: ModelInput) -> Volume | None:
    """Return the image of a role that was aligned last; None if none was."""
    moved = [v for v in _fitting(case, wanted) if v.provenance.is_of_alignment]
    return moved[-1] if moved else None


def _fitting(case: Case, wanted: ModelInput) -> Iterator[Volume]:
    for s in case.all_by_role(wanted.role):
        if (
            isinstance(s, Volume)
            and s.array.ndim == 3
            and s.modality in (wanted.modality, Modality.OTHER)
        ):
            yield s
