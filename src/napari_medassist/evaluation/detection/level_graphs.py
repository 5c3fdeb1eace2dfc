"""The match graph of a reference and the components of every level set of an image.

Nothing is labelled again: sizes, centroids and shared voxels of the components come from their tree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import Labels, LesionSet
from napari_medassist.evaluation.detection.component_tree import ComponentTree, Ints
from napari_medassist.evaluation.matching.graph import MatchGraph


@dataclass(frozen=True, eq=False)
class LevelComponents:
    """The components of one level set, as a matching rule asks of predicted lesions.

    Parameters
    ----------
    n_voxels, highest, centroids_zyx
        Of each component, in the order of their first voxels: its size, its highest value, its mean
        voxel index in the full grid.
    """

    n_voxels: Ints
    highest: Float
    centroids_zyx: Float

    def __len__(self) -> int:
        """Return the number of components."""
        return int(self.n_voxels.size)

    def sizes(self) -> Ints:
        """Return the number of voxels of each component."""
        return self.n_voxels

    def confidences(self) -> Float:
        """Return the highest value of each component."""
        return self.highest

    def centroids(self) -> Float:
        """Return the mean voxel index of each component, (n, 3), zyx."""
        return self.centroids_zyx


class LevelGraphs:
    """The match graphs of all levels, to be asked for from the highest level down.

    Parameters
    ----------
    tree
        Components of the level sets.
    values
        (z, y, x): the image that the levels were taken from, in the crop of the reference.
    reference
        The reference lesions.
    kept
        Which components of the tree are lesions.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    """

    def __init__(
        self,
        tree: ComponentTree,
        values: NDArray[np.floating],
        reference: LesionSet,
        kept: NDArray[np.bool_],
        spacing_zyx_mm: Triple,
    ) -> None:
        self._tree, self._reference, self._kept = tree, reference, kept
        self._spacing_zyx_mm = spacing_zyx_mm
        self._shared = _Pairs.of(reference.labels, tree)
        reach = reference.reach
        self._touching = self._shared if reach is None else _Pairs.of(reach, tree)
        self._measure(values)

    def at(self, level: int, *, only_touching: bool) -> tuple[MatchGraph, int]:
        """Return the match graph of a level, and the number of components left out of it.

        Parameters
        ----------
        level
            Not above the level that was asked for before.
        only_touching
            Leave out the components that touch no reference lesion.
        """
        tree = self._tree
        alive = np.flatnonzero(self._kept & (tree.level >= level) & (tree.parent_level < level))
        self._shared.descend(tree, level)
        if self._touching is not self._shared:
            self._touching.descend(tree, level)
        nodes = alive
        if only_touching:
            touched = np.concatenate([self._shared.node, self._touching.node])
            nodes = alive[np.isin(alive, touched)]
        nodes = nodes[np.argsort(self._first[nodes])]
        graph = MatchGraph(
            reference=self._reference,
            prediction=LevelComponents(
                tree.n_voxels[nodes],
                self._highest[nodes],
                self._sums[nodes] / tree.n_voxels[nodes, None],
            ),
            spacing_zyx_mm=self._spacing_zyx_mm,
            shared=self._shared.counted(nodes, tree, level, len(self._reference)),
            touching=self._touching.counted(nodes, tree, level, len(self._reference)) > 0,
        )
        return graph, alive.size - nodes.size

    def _measure(self, values: NDArray[np.floating]) -> None:
        """Find the first voxel, the highest value and the summed indices of each component."""
        tree, n_nodes = self._tree, self._tree.level.size
        places = np.flatnonzero(tree.node_of_voxel >= 0)
        node = tree.node_of_voxel[places]
        first = np.full(n_nodes, tree.node_of_voxel.size, dtype=np.int64)
        np.minimum.at(first, node, places)
        highest = np.zeros(n_nodes)
        np.maximum.at(highest, node, values.ravel()[places])
        offset = np.asarray(self._reference.offset_zyx)
        index = np.unravel_index(places, values.shape)
        sums = [np.bincount(node, weights=along, minlength=n_nodes) for along in index]
        self._first = tree.gathered(first, np.minimum)
        self._highest = tree.gathered(highest, np.maximum)
        summed = np.stack([tree.gathered(along, np.add) for along in sums], axis=1)
        self._sums = summed + offset * tree.n_voxels[:, None]


@dataclass(eq=False)
class _Pairs:
    """Voxels shared by each reference lesion and each node, and where the nodes belong by now."""

    lesion: Ints
    born: Ints
    n_voxels: Ints
    node: Ints

    @classmethod
    def of(cls, labels: Labels, tree: ComponentTree) -> _Pairs:
        inside = np.flatnonzero(labels)
        node = tree.node_of_voxel[inside]
        lesion = labels.ravel()[inside].astype(np.int64) - 1
        seen = node >= 0
        n_nodes = max(tree.level.size, 1)
        pairs, counts = np.unique(lesion[seen] * n_nodes + node[seen], return_counts=True)
        nodes = pairs % n_nodes
        return cls(pairs // n_nodes, tree.level[nodes], counts, nodes)

    def descend(self, tree: ComponentTree, level: int) -> None:
        """Replace each node by the component that its voxels lie in at a level."""
        while True:
            moving = tree.parent_level[self.node] >= level
            if not moving.any():
                return
            self.node[moving] = tree.parent[self.node[moving]]

    def counted(self, nodes: Ints, tree: ComponentTree, level: int, n_lesions: int) -> Ints:
        """Return the shared voxels of (reference lesions, nodes) at a level."""
        column = np.full(tree.level.size, -1, dtype=np.int64)
        column[nodes] = np.arange(nodes.size)
        there = (self.born >= level) & (column[self.node] >= 0)
        place = self.lesion[there] * nodes.size + column[self.node[there]]
        counts = np.bincount(place, self.n_voxels[there], n_lesions * nodes.size)
        shared: Ints = counts.astype(np.int64).reshape(n_lesions, nodes.size)
        return shared
