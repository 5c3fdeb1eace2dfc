"""From a network's logits to labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.models.card import Activation, Decision

Float32 = NDArray[np.float32]
Labels = NDArray[np.uint8]

_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


def decide(logits: Float32, decision: Decision) -> tuple[Labels, Float32]:
    """Return labels, and how far each voxel belongs to each of them.

    Parameters
    ----------
    logits
        (classes, z, y, x); one class for a sigmoid.
    decision
        How.

    Returns
    -------
    tuple of ndarray
        uint8 (z, y, x), and the probability of each label, float32 (labels, z, y, x), with what was
        decided about parts and holes; what is left to 1 is that of the background. Of regions, which
        overlap, the probability of each.
    """
    if decision.blur_vox:
        logits = np.stack([ndimage.gaussian_filter(c, decision.blur_vox) for c in logits])
    if decision.activation is Activation.REGIONS:
        shares = probabilities(logits, Activation.REGIONS)
        labels = painted(shares, decision.threshold)
        if decision.keeps_largest:
            kept = kept_largest(labels)
            shares[:, (labels > 0) & (kept == 0)] = 0
            labels = kept
        return labels, shares
    if decision.activation is Activation.SIGMOID:
        limit = np.log(decision.threshold / (1 - decision.threshold))
        shares = probabilities(logits - np.float32(limit), Activation.SIGMOID)
        likeliest = (logits[0] > limit).astype(np.uint8)
    else:
        shares = probabilities(logits, Activation.SOFTMAX)[1:]
        likeliest = logits.argmax(axis=0).astype(np.uint8)
    if not decision.keeps_largest:
        return likeliest, shares
    labels = kept_largest(likeliest)
    shares[:, (likeliest > 0) & (labels == 0)] = 0
    for value in range(1, len(shares) + 1):
        filled = (likeliest == 0) & (labels == value)
        shares[:, filled], shares[value - 1, filled] = 0, 1
    return labels, shares


def probabilities(logits: Float32, activation: Activation) -> Float32:
    """Return the probability of each class (softmax), of the one label (sigmoid) or of each region."""
    if activation is not Activation.SOFTMAX:
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), dtype=np.float32)
    shifted = np.exp(logits - logits.max(axis=0))
    return np.asarray(shifted / shifted.sum(axis=0), dtype=np.float32)


def painted(probability: Float32, threshold: float = 0.5) -> Labels:
    """Return the label map of regions: each is laid over those before it, uint8 (z, y, x)."""
    labels = np.zeros(probability.shape[1:], dtype=np.uint8)
    for value, region in enumerate(probability, start=1):
        labels[region > threshold] = value
    return labels


def uncertainty(probability: Float32, activation: Activation = Activation.SOFTMAX) -> Float32:
    """Return the entropy of probabilities, 0 to 1, (z, y, x); of regions, that of the least sure one.

    Parameters
    ----------
    probability
        (classes, z, y, x); one class of a sigmoid.
    activation
        What they are from.
    """
    if activation is Activation.REGIONS:
        each = [uncertainty(region[None], Activation.SIGMOID) for region in probability]
        return np.asarray(np.max(each, axis=0), dtype=np.float32)
    p = np.concatenate([probability, 1 - probability]) if len(probability) == 1 else probability
    entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=0) / np.log(len(p))
    return np.asarray(np.clip(entropy, 0, 1), dtype=np.float32)


def kept_largest(labels: Labels) -> Labels:
    """Keep the largest connected part of the foreground (26 neighbours) and fill the holes in it.

    A hole takes the label of the nearest voxel.
    """
    parts, n = ndimage.label(labels > 0, structure=_NEIGHBOURS)
    if not n:
        return labels
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept = parts == sizes.argmax()
    whole = ndimage.binary_fill_holes(kept)
    result = np.where(kept, labels, 0).astype(np.uint8)
    if np.count_nonzero(whole) > np.count_nonzero(kept):
        nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
        result = np.where(whole, result[tuple(nearest)], 0).astype(np.uint8)
    return result
