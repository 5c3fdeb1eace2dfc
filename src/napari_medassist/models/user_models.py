"""The user's own models: added once, with their hash, and run like all others."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting, MedAssistError
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.models import monai_bundle, nnunet
from napari_medassist.models.archives import is_archive, unpacked
from napari_medassist.models.backends.base import Backend
from napari_medassist.models.backends.onnx_runtime import OnnxRuntimeBackend
from napari_medassist.models.backends.openvino import OpenVinoBackend
from napari_medassist.models.backends.pytorch import TorchScriptBackend
from napari_medassist.models.card import Activation, ModelCard, WeightFile
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.sidecar import card_of, read_sidecar
from napari_medassist.models.weights import sha256_of

SUFFIXES = (".onnx", ".pt")
_CARD, _HASH = "card.json", "sha256"
_LARGEST_BYTES = 4_000_000_000


def user_models() -> tuple[tuple[ModelCard, ...], tuple[str, ...]]:
    """Return the cards of the models that a user has added, and what is wrong with others."""
    cards, problems = [], []
    for path in sorted(user_models_folder().glob(f"*/{_CARD}")):
        try:
            cards.append(_stored_card(path))
        except MedAssistError as error:
            problems.append(str(error))
    return tuple(cards), tuple(problems)


def add_model(
    path: Path, taken: tuple[str, ...] = (), *, fold: str = "", trusted_sha256: str = ""
) -> ModelCard:
    """Copy a network and its description into the folder of models, after trying it once.

    Parameters
    ----------
    path
        An ``.onnx`` or TorchScript ``.pt`` file with a JSON file of the same name beside it, a trained
        nnU-Net v2 folder, a MONAI bundle, or a ZIP archive of one of these folders.
    taken
        Names that it may not have.
    fold
        Of an nnU-Net folder: which one, or several; see :func:`napari_medassist.models.nnunet.convert`.
    trusted_sha256
        Of a MONAI bundle: hash of its files, if its code may run while it is added.

    Raises
    ------
    FileProblem, CorruptFile
        If a file is missing, too large, a link, wrong, or the network does not give what its
        description says; nothing is added then.
    InvalidSetting
        If its name is taken.
    """
    if is_archive(path):
        with tempfile.TemporaryDirectory(prefix="medassist-") as place:
            folder = _model_in(unpacked(path, Path(place)), path)
            return add_model(folder, taken, fold=fold, trusted_sha256=trusted_sha256)
    if not path.is_dir():
        return _add_file(path, taken)
    with tempfile.TemporaryDirectory(prefix="medassist-") as converted:
        if monai_bundle.is_bundle(path):
            made = monai_bundle.convert(path, Path(converted), trusted_sha256)
            return _add_file(made, taken)
        if nnunet.is_nnunet_folder(path):
            return _add_file(nnunet.convert(path, Path(converted), fold), taken)
    raise FileProblem(
        "The folder is neither a MONAI bundle nor a trained nnU-Net.",
        path=path,
        cure="It must hold configs/metadata.json, or plans.json and dataset.json.",
    )


def _model_in(folder: Path, archive: Path) -> Path:
    """Return the one model in what was unpacked."""
    places = [p for p in (folder, *sorted(folder.rglob("*"))) if p.is_dir()]
    found = [p for p in places if monai_bundle.is_bundle(p) or nnunet.is_nnunet_folder(p)]
    if len(found) != 1:
        names = ", ".join(p.relative_to(folder).as_posix() for p in found) or "none"
        raise FileProblem(
            f"The archive must hold one nnU-Net folder or MONAI bundle; it holds: {names}.",
            path=archive,
            cure="Unpack it and add the folder that you want.",
        )
    return found[0]


def _add_file(path: Path, taken: tuple[str, ...]) -> ModelCard:
    _require_plain(path)
    if path.suffix.lower() not in SUFFIXES:
        raise FileProblem(
            f"A model is a file that ends in {' or '.join(SUFFIXES)}, or a folder (nnU-Net, MONAI).",
            path=path,
            cure="Export the network to ONNX or TorchScript.",
        )
    description = path.with_suffix(".json")
    _require_plain(description)
    sidecar = read_sidecar(description)
    target = user_models_folder() / sidecar.name
    if sidecar.name in taken or target.exists():
        raise InvalidSetting(
            f"There is a model '{sidecar.name}' already.",
            cure="Give yours another name, or remove the other one first.",
        )
    suffix = path.suffix.lower()
    members = [path, *(path.parent / name for name in sidecar.members)]
    for member in members[1:]:
        _require_plain(member)
        if member.suffix.lower() != suffix:
            raise FileProblem(f"All members are {suffix} files.", path=member)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".adding-") as adding:
        folder = Path(adding) / sidecar.name
        folder.mkdir()
        files = []
        for number, member in enumerate(members):
            name = f"network{f'-{number}' if number else ''}{suffix}"
            shutil.copyfile(member, folder / name)
            files.append({"file": name, "sha256": sha256_of(folder / name)})
        shutil.copyfile(description, folder / _CARD)
        (folder / _HASH).write_text(json.dumps({"files": files}), encoding="utf-8")
        card = card_of(sidecar, _weight_files(files))
        for file in files:
            _try_out(card, folder / file["file"])
        folder.rename(target)
    return card


def remove_model(name: str) -> None:
    """Delete a model that a user has added.

    Raises
    ------
    InvalidSetting
        If there is none of that name.
    """
    # By the names of the folders that are there: a name like ../x leads nowhere.
    added = {path.parent.name: path.parent for path in user_models_folder().glob(f"*/{_CARD}")}
    if name not in added:
        raise InvalidSetting(f"You have added no model '{name}'.")
    shutil.rmtree(added[name])


def _stored_card(path: Path) -> ModelCard:
    sidecar = read_sidecar(path)
    try:
        stored = json.loads((path.parent / _HASH).read_text(encoding="utf-8"))
        # Models that were added before ensembles were known have one file, named directly.
        files = _weight_files(stored.get("files") or [stored])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(
            "What was noted when the model was added cannot be read.",
            path=path.parent / _HASH,
            cure=f"Remove it (napari-medassist models remove {path.parent.name}) and add it again.",
        ) from error
    if sidecar.name != path.parent.name:
        raise CorruptFile(f"The model calls itself '{sidecar.name}'.", path=path)
    return card_of(sidecar, files)


def _weight_files(files: Sequence[Mapping[str, str]]) -> tuple[WeightFile, ...]:
    return tuple(WeightFile(Path(str(f["file"])).name, str(f["sha256"]), is_users=True) for f in files)


def _require_plain(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        what = "is a link" if path.is_symlink() else "is not there"
        raise FileProblem(
            f"The file {what}.", path=path, cure="A model is its file and a JSON beside it."
        )
    if path.stat().st_size > _LARGEST_BYTES:
        raise FileProblem(f"The file is larger than {_LARGEST_BYTES / 1e9:.0f} GB.", path=path)


def _try_out(card: ModelCard, path: Path) -> None:
    """Run the network once on nothing: it must take its window and give its classes."""
    network = card.network
    if network is None:
        return
    sampling = network.sampling
    size = [sampling.window_zyx[axis] for axis in AxisOrder.toward(sampling.axes).axes]
    window = np.zeros((1, len(card.inputs), *size))
    try:
        logits = _backend(path).run(window.astype(np.float32), lambda: None)
    except MedAssistError:
        raise
    except Exception as error:  # the libraries' own, of any kind
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CorruptFile(f"The network does not take {window.shape}: {why}", path=path) from error
    has_background = network.decision.activation is Activation.SOFTMAX
    classes = len(card.scheme.labels) + has_background
    wanted = (1, classes, *window.shape[2:])
    if logits.shape != wanted:
        raise CorruptFile(
            f"The network gives {logits.shape}, its description promises {wanted}.",
            path=path,
            cure="Correct window_zyx, axes, activation or labels.",
        )


def _backend(path: Path) -> Backend:
    if path.suffix == ".pt":
        return TorchScriptBackend(path)
    try:
        return OpenVinoBackend(path)
    except CorruptFile:
        return OnnxRuntimeBackend(path)
