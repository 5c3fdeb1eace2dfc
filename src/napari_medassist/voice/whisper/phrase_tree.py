"""Phrases as sequences of tokens that share their beginnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class PhraseTree:
    """A prefix tree; node 0 is the root, where nothing was said yet.

    Attributes
    ----------
    parent, token, depth
        Of each node; those of the root are -1, -1 and 0.
    children
        Of each node: token to node.
    """

    def __init__(self) -> None:
        self.parent: list[int] = [-1]
        self.token: list[int] = [-1]
        self.depth: list[int] = [0]
        self.children: list[dict[int, int]] = [{}]

    def __len__(self) -> int:
        return len(self.token)

    def add(self, tokens: Sequence[int]) -> int:
        """Add a sequence and return its last node; what is there is shared."""
        node = 0
        for token in tokens:
            below = self.children[node].get(token)
            if below is None:
                below = len(self.token)
                self.children[node][token] = below
                self.parent.append(node)
                self.token.append(token)
                self.depth.append(self.depth[node] + 1)
                self.children.append({})
            node = below
        return node

    def cut(self, n_nodes: int) -> None:
        """Forget all nodes that were added since there were ``n_nodes``."""
        while len(self.token) > n_nodes:
            parent, token = self.parent.pop(), self.token.pop()
            self.depth.pop()
            self.children.pop()
            del self.children[parent][token]

    def path_of(self, node: int) -> list[int]:
        """Return the nodes from below the root to a node."""
        found = []
        while node > 0:
            found.append(node)
            node = self.parent[node]
        return found[::-1]

    def all_on_the_way_to(self, nodes: Iterable[int]) -> set[int]:
        """Return nodes and all that lead to them."""
        found: set[int] = set()
        for node in nodes:
            found.update(self.path_of(node))
        return found
