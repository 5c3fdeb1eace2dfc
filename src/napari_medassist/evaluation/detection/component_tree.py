"""The connected components of all level sets of an image at once.

Lowering a cut-off only lets components grow and join, so that the components of all cut-offs form a
tree. It is grown from the highest level down: the voxels of each level are joined with what lies
around them already, and each voxel's neighbours are looked at once for all levels together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
#: 6, 18 and 26 neighbours differ in how many axes a step may go along.
_AXES_OF_A_STEP = {6: 1, 18: 2, 26: 3}
_NOT_YET = -1


@dataclass(frozen=True, eq=False)
class ComponentTree:
    """Components of ``levels >= k`` for every k from 1 on.

    A node is a component with voxels of its level; as it is, it exists at the levels
    ``parent_level < k <= level``. Nodes stand in the order of falling levels, so that a parent comes
    after its children.

    Parameters
    ----------
    level, parent_level
        Of each node; the parent level of a root is 0.
    parent
        Index of each node's parent; -1 for a root.
    n_voxels, n_marked
        Voxels of each component, and those of them that are marked.
    node_of_voxel
        Node in which each voxel of the image first appears, flat; -1 where the level is 0.
    """

    level: Ints
    parent_level: Ints
    parent: Ints
    n_voxels: Ints
    n_marked: Ints
    node_of_voxel: Ints

    def highest_level_within(self, kept: NDArray[np.bool_]) -> Ints:
        """Return for each node the highest level at which its voxels lie in a kept component.

        Parameters
        ----------
        kept
            Which nodes count; a parent of a kept node must be kept too.
        """
        level = np.where(kept, self.level, 0)
        of_parent = self.parent >= 0
        for start, stop in reversed(_runs(self.level)):
            nodes = np.arange(start, stop)
            open_ones = nodes[~kept[start:stop] & of_parent[start:stop]]
            level[open_ones] = level[self.parent[open_ones]]
        return level

    def gathered(self, of_node: NDArray[Any], how: np.ufunc) -> NDArray[Any]:
        """Return what each node and all nodes below it come to.

        Parameters
        ----------
        of_node
            A value for the voxels that first appear in each node.
        how
            ``np.add``, ``np.minimum`` or ``np.maximum``.
        """
        result = of_node.copy()
        for start, stop in _runs(self.level):
            parents = self.parent[start:stop]
            inner = np.flatnonzero(parents >= 0)
            how.at(result, parents[inner], result[start:stop][inner])
        return result


def component_tree(
    levels: NDArray[np.unsignedinteger], marked: NDArray[np.bool_], *, connectivity: int
) -> ComponentTree:
    """Return the components of all level sets of an image.

    Parameters
    ----------
    levels
        (z, y, x) whole numbers; 0 is background.
    marked
        (z, y, x); voxels to be counted in each component.
    connectivity
        6, 18 or 26.
    """
    # One voxel of background around the image spares all questions about its edges.
    padded = np.pad(levels, 1)
    growth = _Growth(padded, _steps(padded.shape, connectivity))
    flat, inside = padded.ravel(), np.pad(marked, 1).ravel()
    order = np.argsort(flat, kind="stable")
    borders = np.searchsorted(flat[order], np.arange(1, int(flat.max()) + 2))
    for level in range(len(borders) - 1, 0, -1):
        voxels = order[borders[level - 1] : borders[level]]
        if voxels.size:
            growth.add(level, voxels, inside[voxels])
    inner = growth.node_of_voxel.reshape(padded.shape)[1:-1, 1:-1, 1:-1]
    return growth.tree(inner.ravel())


class _Growth:
    """The tree while it grows, level by level."""

    def __init__(self, padded: NDArray[np.unsignedinteger], steps: Ints) -> None:
        self.node_of_voxel = np.full(padded.size, _NOT_YET, dtype=np.int64)
        self._steps = steps
        n_voxels = int(np.count_nonzero(padded))
        self._root, self._parent, self._level, self._size, self._marked, self._scratch = np.zeros(
            (6, n_voxels), dtype=np.int64
        )
        self._n_nodes = 0

    def add(self, level: int, voxels: Ints, marked: NDArray[np.bool_]) -> None:
        """Let the voxels of the next lower level appear."""
        new = np.arange(voxels.size)
        # While they are joined, each new voxel stands for itself, marked by a negative number.
        self.node_of_voxel[voxels] = _NOT_YET - 1 - new
        one, other, touched = self._contacts(voxels)
        n_old = touched.size
        graph = coo_array(
            (np.ones(one.size, dtype=np.int8), (one + n_old, other)),
            shape=(n_old + new.size, n_old + new.size),
        )
        n_components, component = connected_components(graph, directed=False)
        node = self._n_nodes + component
        self._count(level, n_components, component, n_old, touched, marked)
        self._root[touched] = self._parent[touched] = node[:n_old]
        self.node_of_voxel[voxels] = node[n_old:]

    def _contacts(self, voxels: Ints) -> tuple[Ints, Ints, Ints]:
        """Return pairs (new voxel, partner) and the old components that are touched.

        A partner below the number of old components is one of these, else a new voxel.
        """
        pairs_new, pairs_node = [], []
        last_seen = np.full(voxels.size, _NOT_YET, dtype=np.int64)
        for step in self._steps:
            node = self.node_of_voxel[voxels + step]
            # Neighbouring voxels mostly lie in one component: it is told once. Of two new voxels
            # that see each other, one tells.
            telling = (node != last_seen) & ((node >= 0) | (step > 0)) & (node != _NOT_YET)
            there = np.flatnonzero(telling)
            last_seen[there] = node[there]
            pairs_new.append(there)
            pairs_node.append(node[there])
        one, node = np.concatenate(pairs_new), np.concatenate(pairs_node)
        is_old = node >= 0
        touched, partner = self._numbered(self._find(node[is_old]))
        other = np.empty_like(node)
        other[is_old] = partner
        other[~is_old] = touched.size + (_NOT_YET - 1 - node[~is_old])
        return one, other, touched

    def _numbered(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return the different nodes, and the place of each given one among them; without sorting."""
        place = np.arange(nodes.size)
        self._scratch[nodes] = place
        different = nodes[self._scratch[nodes] == place]
        self._scratch[different] = np.arange(different.size)
        return different, self._scratch[nodes]

    def _find(self, nodes: Ints) -> Ints:
        """Return the components that nodes belong to by now, and shorten the way there."""
        root = self._root[nodes]
        while True:
            above = self._root[root]
            if (above == root).all():
                break
            root = above
        self._root[nodes] = root
        return root

    def _count(
        self,
        level: int,
        n_components: int,
        component: Ints,
        n_old: int,
        touched: Ints,
        marked: NDArray[np.bool_],
    ) -> None:
        nodes = slice(self._n_nodes, self._n_nodes + n_components)
        old, new = component[:n_old], component[n_old:]
        for counts, of_new in ((self._size, np.ones(marked.size)), (self._marked, marked)):
            counts[nodes] = np.bincount(old, counts[touched], n_components)
            counts[nodes] += np.bincount(new, of_new, n_components).astype(np.int64)
        self._level[nodes] = level
        self._parent[nodes] = -1
        self._root[nodes] = np.arange(nodes.start, nodes.stop)
        self._n_nodes += n_components

    def tree(self, node_of_voxel: Ints) -> ComponentTree:
        used = slice(0, self._n_nodes)
        level, parent = self._level[used], self._parent[used]
        return ComponentTree(
            level=level,
            parent_level=np.where(parent >= 0, level[parent], 0) if level.size else level,
            parent=parent,
            n_voxels=self._size[used],
            n_marked=self._marked[used],
            node_of_voxel=node_of_voxel,
        )


def _steps(shape: tuple[int, ...], connectivity: int) -> Ints:
    """Return the distances in flat memory to the neighbours of a voxel."""
    allowed = _AXES_OF_A_STEP[connectivity]
    moves = [m for m in product((-1, 0, 1), repeat=3) if 0 < np.count_nonzero(m) <= allowed]
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    steps: Ints = np.array(moves, dtype=np.int64) @ strides
    return steps


def _runs(level: Ints) -> list[tuple[int, int]]:
    """Return where runs of equal levels start and stop."""
    starts = np.flatnonzero(np.diff(level, prepend=-1))
    return list(pairwise([*starts.tolist(), level.size]))
