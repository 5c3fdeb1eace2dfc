"""Models that have learned from a user's own cases: their versions, their lineage, and the way back.

A folder ``NAME`` holds a folder for each version, ``v1``, ``v2``, ...: the network as safetensors and
as ONNX, and ``lineage.json``. ``current`` names the version that is used. A version is written whole or
not at all, and none is ever changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.core.errors import CorruptFile, InvalidSetting, MedAssistError
from napari_medassist.models.card import Measured, ModelCard, Network, WeightFile
from napari_medassist.models.onnx_export import export_to_onnx
from napari_medassist.models.places import user_models_folder
from napari_medassist.models.weights import sha256_of

if TYPE_CHECKING:
    from torch import nn

_CURRENT, _LINEAGE = "current", "lineage.json"
_FORMAT, _VERSION = "napari-medassist tuned model", 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Lineage:
    """Where a version comes from.

    Parameters
    ----------
    base, base_version, base_sha256
        The model that it went on from, and the hash of its weights.
    root
        The bundled model that all began with.
    cases
        What was learned from: for each case its name and the hash of its labels (empty: not labelled).
    settings
        How.
    quality
        What the estimate measured.
    limits
        What should be known of this version, in sentences.
    when
        UTC, ISO 8601.
    """

    base: str
    base_version: str
    base_sha256: str
    root: str
    cases: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]
    quality: tuple[Measured, ...] = ()
    limits: tuple[str, ...] = ()
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def n_labelled(self) -> int:
        """How many labelled cases it learned from."""
        return sum(bool(labels) for _, labels in self.cases)

    def to_plain(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        return {
            "base": self.base,
            "base_version": self.base_version,
            "base_sha256": self.base_sha256,
            "root": self.root,
            "cases": [{"case": name, "labels_sha256": labels} for name, labels in self.cases],
            "settings": dict(self.settings),
            "quality": [{"what": m.what, "value": m.value, "data": m.data} for m in self.quality],
            "limits": list(self.limits),
            "when": self.when,
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Lineage:
        """Return what stands in a file; raises ``KeyError`` or ``TypeError`` if it is no lineage."""
        return cls(
            base=str(plain["base"]),
            base_version=str(plain["base_version"]),
            base_sha256=str(plain["base_sha256"]),
            root=str(plain["root"]),
            cases=tuple((str(c["case"]), str(c["labels_sha256"])) for c in plain["cases"]),
            settings=dict(plain["settings"]),
            quality=tuple(
                Measured(str(m["what"]), str(m["value"]), str(m["data"])) for m in plain["quality"]
            ),
            limits=tuple(str(limit) for limit in plain["limits"]),
            when=str(plain["when"]),
        )


def tuned_models(roots: Mapping[str, ModelCard]) -> tuple[tuple[ModelCard, ...], tuple[str, ...]]:
    """Return the cards of the tuned models, each in its current version, and what is wrong with others.

    Parameters
    ----------
    roots
        The bundled models by name.
    """
    cards, problems = [], []
    for current in sorted(user_models_folder().glob(f"*/{_CURRENT}")):
        try:
            cards.append(_card(current.parent, _current_of(current.parent), roots))
        except MedAssistError as error:
            problems.append(str(error))
    return tuple(cards), tuple(problems)


def require_free_name(name: str, taken: tuple[str, ...]) -> None:
    """Check that a model may be called so: a new name, or that of a tuned model (a new version).

    Raises
    ------
    InvalidSetting
        If it may not.
    """
    if not _NAME.fullmatch(name):
        raise InvalidSetting(
            f"'{name}' is no name for a model.", cure="Use small letters, digits and hyphens."
        )
    folder = user_models_folder() / name
    if name in taken or (folder.exists() and not (folder / _CURRENT).is_file()):
        raise InvalidSetting(f"There is a model '{name}' already.", cure="Choose another name.")


def keep(name: str, net: nn.Module, lineage: Lineage, root: ModelCard) -> ModelCard:
    """Write a new version of a tuned model, and use it from now on.

    Parameters
    ----------
    name
        What it is called; checked by :func:`require_free_name`.
    net
        The network with its weights, on the processor.
    lineage
        Where it comes from.
    root
        The bundled model that all began with.

    Returns
    -------
    ModelCard
        Its card.
    """
    from safetensors.torch import save_file

    if root.network is None:
        raise InvalidSetting(f"'{root.name}' has no network.")
    folder = user_models_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the versions, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as writing:
        new = Path(writing) / "version"
        new.mkdir()
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, new / "network.safetensors")
        n_inputs = len(root.inputs) + (3 if root.network.has_positions else 0)
        export_to_onnx(net, (n_inputs, *root.network.sampling.window_zyx), new / "network.onnx")
        hashes = {file.name: sha256_of(file) for file in sorted(new.glob("network.*"))}
        content = {"format": _FORMAT, "version": _VERSION, "weights": hashes, **lineage.to_plain()}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (new / _LINEAGE).write_text(text + "\n", encoding="utf-8")
        number = max(versions(name), default=0) + 1
        new.rename(folder / f"v{number}")
    _use(folder, number)
    return _card(folder, number, {root.name: root})


def versions(name: str) -> tuple[int, ...]:
    """Return the versions of a tuned model that are there, rising."""
    found = (user_models_folder() / name).glob(f"v*/{_LINEAGE}")
    return tuple(sorted(int(p.parent.name[1:]) for p in found if p.parent.name[1:].isdigit()))


def roll_back(name: str) -> int:
    """Use the version before the current one again; return its number.

    The newer one stays in its folder.

    Raises
    ------
    InvalidSetting
        If there is no tuned model of that name, or no version before.
    """
    folder = _folder(name)
    current = _current_of(folder)
    before = [number for number in versions(name) if number < current]
    if not before:
        raise InvalidSetting(
            f"'{name}' has no version before {current}.",
            cure=f"napari-medassist models remove {name} removes it.",
        )
    _use(folder, before[-1])
    return before[-1]


def is_tuned(name: str) -> bool:
    """Tell whether there is a tuned model of a name."""
    return name in {path.parent.name for path in user_models_folder().glob(f"*/{_CURRENT}")}


def remove_tuned(name: str) -> None:
    """Delete a tuned model with all its versions; raises ``InvalidSetting`` if there is none."""
    shutil.rmtree(_folder(name))


def lineage_of(name: str) -> Lineage:
    """Return where the current version of a tuned model comes from.

    Raises
    ------
    InvalidSetting
        If there is no tuned model of that name.
    CorruptFile
        If it cannot be read.
    """
    folder = _folder(name)
    return _read(folder / f"v{_current_of(folder)}" / _LINEAGE)[0]


def _folder(name: str) -> Path:
    if not is_tuned(name):
        raise InvalidSetting(f"There is no tuned model '{name}'.")
    return user_models_folder() / name


def _use(folder: Path, number: int) -> None:
    temporary = folder / f".{_CURRENT}-{os.getpid()}"
    temporary.write_text(f"{number}\n", encoding="utf-8")
    temporary.replace(folder / _CURRENT)


def _current_of(folder: Path) -> int:
    path = folder / _CURRENT
    try:
        number = int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptFile(
            "It does not name the version that is used.",
            path=path,
            cure=f"Write the number of one of its versions into it: {versions(folder.name)}.",
        ) from error
    if number not in versions(folder.name):
        raise CorruptFile(
            f"Version {number} is not there.",
            path=path,
            cure=f"Write the number of one that is: {versions(folder.name)}.",
        )
    return number


def _read(path: Path) -> tuple[Lineage, dict[str, str]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or int(content["version"]) > _VERSION:
            raise ValueError(f"{content['format']} {content['version']}")
        hashes = {Path(str(k)).name: str(v) for k, v in content["weights"].items()}
        return Lineage.of_plain(content), hashes
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(
            f"Where the model comes from cannot be read ({error}).",
            path=path,
            cure="Go back to the version before, or remove the model.",
        ) from error


def _card(folder: Path, number: int, roots: Mapping[str, ModelCard]) -> ModelCard:
    place = folder / f"v{number}"
    lineage, hashes = _read(place / _LINEAGE)
    root = roots.get(lineage.root)
    if root is None or root.network is None:
        raise CorruptFile(
            f"It began with '{lineage.root}', which this version of the program does not have.",
            path=place / _LINEAGE,
            cure="Use the version of the program that made it, or remove the model.",
        )
    files = tuple(
        WeightFile(f"{place.name}/{name}", sha256, is_users=True) for name, sha256 in hashes.items()
    )
    network: Network = replace(root.network, weights=files)
    n, base = lineage.n_labelled, f"{lineage.base} {lineage.base_version}"
    return replace(
        root,
        name=folder.name,
        version=str(number),
        title=f"{root.title}; tuned on {n} case{'' if n == 1 else 's'} of your own",
        network=network,
        training_data=(
            f"{root.training_data}; then from {base} (weights {lineage.base_sha256[:12]}) on "
            f"{n} labelled and {len(lineage.cases) - n} other cases of your own, {lineage.when}"
        ),
        quality=lineage.quality,
        limits=(*root.limits, *lineage.limits),
    )
