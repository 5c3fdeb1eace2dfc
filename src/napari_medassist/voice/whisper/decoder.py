"""Whisper's text decoder in NumPy: how probable is a text, given what was heard.

The network is that of Radford et al. 2022 (arXiv 2212.04356). Libraries that run it give texts they
choose themselves, and none the probability of a given one: for that, all phrases are scored here as
one prefix tree, each depth at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from napari_medassist.voice.whisper.phrase_tree import PhraseTree
from napari_medassist.voice.whisper.weights import Array

_EPSILON = 1e-5
_ROOT_TWO = np.float32(2.0**0.5)
_NEVER = np.float32(-1e9)
#: Axes that are multiplied, of both factors and the product; heads, and texts, go side by side.
_QUERY_BY_KEY: Any = [(0, 2), (2, 0), (0, 2)]  # (n, heads, size), (m, heads, size): (n, heads, m)
_WEIGHT_BY_VALUE: Any = [(0, 2), (0, 2), (0, 2)]  # (n, heads, m), (m, heads, size): (n, heads, size)
_OF_EACH_TEXT: Any = [(1, 3), (2, 3), (2, 3)]  # (n, depth, heads, size), (n, heads, size, 1)
_INTO_EACH_TEXT: Any = [(2, 3), (1, 3), (2, 3)]  # (n, heads, 1, depth), (n, depth, heads, size)


@dataclass(frozen=True)
class Beam:
    """How much of a tree is looked at.

    Attributes
    ----------
    width
        Nodes of a depth that are followed.
    behind
        Nodes whose score is this much (nats) behind the best of their depth are left.
    ahead
        How much better than a finished phrase a longer one must be to be followed, less ``behind``.
    """

    width: int = 40
    behind: float = 10.0
    ahead: float = 6.0


#: Follows every node.
EVERYTHING = Beam(10**9, np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Heard:
    """What the decoder looks back on: keys and values of each layer, (frames, heads, size)."""

    keys: tuple[Array, ...]
    values: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Prompted:
    """A decoder that has read a prompt: keys and values of each layer, and the last state.

    Attributes
    ----------
    n_tokens
        Of the prompt.
    keys, values
        (tokens, heads, size), a layer each.
    state
        (1, width): what the next token is told from.
    heard
        What it listens to.
    """

    n_tokens: int
    keys: tuple[Array, ...]
    values: tuple[Array, ...]
    state: Array
    heard: Heard


@dataclass(frozen=True, eq=False)
class _Layer:
    own: _Attention
    heard: _Attention
    more: tuple[Array, Array]  # keys and values of what was heard
    norm: tuple[Array, Array]
    wide: tuple[Array, Array]
    narrow: tuple[Array, Array]

    def after(self, states: Array) -> Array:
        """Add what the feed-forward part makes of states."""
        inner = _linear(_normalised(states, *self.norm), self.wide)
        inner = inner * (0.5 * (1 + erf(inner / _ROOT_TWO)))  # GELU
        return states + _linear(inner, self.narrow)


@dataclass(frozen=True, eq=False)
class _Attention:
    norm: tuple[Array, Array]
    into: tuple[Array, Array]
    out: tuple[Array, Array]


class TextDecoder:
    """Scores texts, as token numbers.

    Parameters
    ----------
    weights
        Of :func:`~napari_medassist.voice.whisper.weights.read_decoder`.
    n_heads
        Attention heads: Whisper's have 64 channels each.
    """

    def __init__(self, weights: dict[str, Array], n_heads: int | None = None) -> None:
        self._embedding = np.ascontiguousarray(weights["embeddings/weight"])
        self._to_tokens = np.ascontiguousarray(self._embedding.T)
        self._positions = weights["position_encodings/encodings"]
        self._last_norm = weights["layer_norm/gamma"], weights["layer_norm/beta"]
        self._width = self._embedding.shape[1]
        self._n_heads = n_heads or self._width // 64
        self._size = self._width // self._n_heads
        self._scale = np.float32(self._size**-0.5)
        n_layers = len(
            {name.split("/")[0] for name in weights if name.startswith("layer_")} - {"layer_norm"}
        )
        self._layers = tuple(_layer(weights, f"layer_{k}") for k in range(n_layers))

    @property
    def n_tokens(self) -> int:
        """How many tokens there are."""
        return len(self._embedding)

    @property
    def longest(self) -> int:
        """Most tokens of prompt and text together."""
        return len(self._positions)

    def hear(self, encoded: Array) -> Heard:
        """Prepare what the encoder made of a sound, (frames, width)."""
        keys, values = [], []
        for layer in self._layers:
            both = _linear(encoded, layer.more)
            key, value = both[:, : self._width], both[:, self._width :]
            keys.append(self._heads(np.ascontiguousarray(key)))
            values.append(self._heads(np.ascontiguousarray(value)))
        return Heard(tuple(keys), tuple(values))

    def read(self, tokens: Sequence[int], heard: Heard) -> Prompted:
        """Read a prompt, at least one token, while listening."""
        n = len(tokens)
        states = self._embedding[list(tokens)] + self._positions[:n]
        later = np.triu(np.full((n, n), _NEVER, dtype=np.float32), 1)
        keys, values = [], []
        for k, layer in enumerate(self._layers):
            query, key, value = self._own(layer, states)
            keys.append(np.ascontiguousarray(key))
            values.append(np.ascontiguousarray(value))
            weights = _softmax(_products(query, keys[k]) * self._scale + later[:, None])
            states = states + _linear(self._joined(_sums(weights, values[k])), layer.own.out)
            states = layer.after(self._listened(layer, states, heard, k))
        last = _normalised(states[-1:], *self._last_norm)
        return Prompted(n, tuple(keys), tuple(values), last, heard)

    def score(
        self,
        tree: PhraseTree,
        prompted: Prompted,
        end: int,
        beam: Beam | None = None,
        kept: Collection[int] = (),
    ) -> NDArray[np.float64]:
        """Return for each node the log probability of the tokens that lead to it.

        Parameters
        ----------
        tree
            The phrases; each ends in the token ``end``.
        prompted
            What was read and heard before.
        end
            The token that ends a text.
        beam
            How much of the tree is looked at.
        kept
            Nodes that are followed whatever their score.

        Returns
        -------
        numpy.ndarray
            (nodes,), in nats; minus infinity where the tree was left.
        """
        beam = beam or Beam()
        scores = np.full(len(tree), -np.inf)
        scores[0] = 0.0
        cache = _Cache.of(len(self._layers), self._width)
        nodes, rows, states = [0], np.zeros((1, 0), dtype=np.intp), prompted.state
        finished = -np.inf
        while nodes:
            below = self._below(tree, nodes, states, scores)
            finished = max([finished, *(scores[node] for node in below if tree.token[node] == end)])
            open_ones = [node for node in below if tree.token[node] != end]
            chosen = _chosen(open_ones, scores, finished, beam, kept)
            if not chosen:
                break
            place = {node: k for k, node in enumerate(nodes)}
            above = rows[[place[tree.parent[node]] for node in chosen]]
            own = cache.grow(len(chosen))
            rows = np.concatenate([above, own[:, None]], axis=1)
            position = prompted.n_tokens + tree.depth[chosen[0]] - 1
            states = self._step([tree.token[node] for node in chosen], position, prompted, cache, rows)
            nodes = chosen
        return scores

    def _below(
        self, tree: PhraseTree, nodes: list[int], states: Array, scores: NDArray[np.float64]
    ) -> list[int]:
        """Score all children of nodes and return them."""
        logits = states @ self._to_tokens
        most = logits.max(axis=1)
        total = np.log(np.exp(logits - most[:, None]).sum(axis=1)) + most
        found: list[int] = []
        for row, node in enumerate(nodes):
            children = tree.children[node]
            if not children:
                continue
            tokens, below = list(children), list(children.values())
            scores[below] = scores[node] + logits[row, tokens] - total[row]
            found += below
        return found

    def _step(
        self,
        tokens: list[int],
        position: int,
        prompted: Prompted,
        cache: _Cache,
        rows: NDArray[np.intp],
    ) -> Array:
        """Return the states after one more token of each of several texts.

        ``rows`` (texts, depth) say where in the cache the keys of a text's tokens lie, its newest last.
        """
        states = self._embedding[tokens] + self._positions[position]
        n = prompted.n_tokens
        for k, layer in enumerate(self._layers):
            query, key, value = self._own(layer, states)
            cache.keys[k][rows[:, -1]] = key.reshape(len(tokens), -1)
            cache.values[k][rows[:, -1]] = value.reshape(len(tokens), -1)
            theirs = cache.keys[k][rows].reshape(*rows.shape, self._n_heads, self._size)
            of_prompt = _products(query, prompted.keys[k])
            of_text = np.matmul(theirs, query[..., None], axes=_OF_EACH_TEXT)[..., 0]
            weights = _softmax(np.concatenate([of_prompt, of_text], axis=2) * self._scale)
            theirs = cache.values[k][rows].reshape(*rows.shape, self._n_heads, self._size)
            seen = _sums(weights[:, :, :n], prompted.values[k])
            own_weights = weights[:, :, None, n:]
            seen = seen + np.matmul(own_weights, theirs, axes=_INTO_EACH_TEXT)[:, :, 0]
            states = states + _linear(self._joined(seen), layer.own.out)
            states = layer.after(self._listened(layer, states, prompted.heard, k))
        return _normalised(states, *self._last_norm)

    def _own(self, layer: _Layer, states: Array) -> tuple[Array, Array, Array]:
        """Return queries, keys and values of self-attention, (n, heads, size) each."""
        joined = _linear(_normalised(states, *layer.own.norm), layer.own.into)
        query, key, value = np.split(joined, 3, axis=1)
        return self._heads(query), self._heads(key), self._heads(value)

    def _listened(self, layer: _Layer, states: Array, heard: Heard, k: int) -> Array:
        """Add what attention to the sound finds."""
        query = self._heads(_linear(_normalised(states, *layer.heard.norm), layer.heard.into))
        weights = _softmax(_products(query, heard.keys[k]) * self._scale)
        return states + _linear(self._joined(_sums(weights, heard.values[k])), layer.heard.out)

    def _heads(self, states: Array) -> Array:
        return states.reshape(len(states), self._n_heads, self._size)

    def _joined(self, heads: Array) -> Array:
        return heads.reshape(len(heads), self._width)


class _Cache:
    """Keys and values of the tokens of a tree, (rows, width) a layer; it grows."""

    def __init__(self, keys: list[Array], values: list[Array]) -> None:
        self.keys, self.values, self._used = keys, values, 0

    @classmethod
    def of(cls, n_layers: int, width: int, n_rows: int = 512) -> _Cache:
        keys, values = ([np.empty((n_rows, width), np.float32) for _ in range(n_layers)] for _ in "kv")
        return cls(keys, values)

    def grow(self, n: int) -> NDArray[np.intp]:
        """Return ``n`` new rows."""
        first, self._used = self._used, self._used + n
        n_rows = len(self.keys[0])
        if self._used > n_rows:
            more = max(n_rows, self._used - n_rows)
            for arrays in (self.keys, self.values):
                for k, array in enumerate(arrays):
                    added = np.empty((more, array.shape[1]), np.float32)
                    arrays[k] = np.concatenate([array, added])
        return np.arange(first, self._used)


def _chosen(
    nodes: list[int],
    scores: NDArray[np.float64],
    finished: float,
    beam: Beam,
    kept: Collection[int],
) -> list[int]:
    """Return the nodes of a depth that are followed."""
    if not nodes:
        return []
    top = max(scores[node] for node in nodes)
    if np.isfinite(finished):
        top = max(finished, top - beam.ahead)
    always = [node for node in nodes if node in kept]
    others = [node for node in nodes if node not in kept and scores[node] > top - beam.behind]
    if len(others) > beam.width:
        others = sorted(others, key=lambda node: -scores[node])[: beam.width]
    return [*others, *always]


def _layer(weights: dict[str, Array], name: str) -> _Layer:
    def linear(part: str, k: int) -> tuple[Array, Array]:
        weight = np.ascontiguousarray(weights[f"{name}/{part}/linear_{k}/weight"].T)
        bias = weights.get(f"{name}/{part}/linear_{k}/bias")
        return weight, np.zeros(weight.shape[1], np.float32) if bias is None else bias

    def norm(part: str) -> tuple[Array, Array]:
        return weights[f"{name}/{part}/layer_norm/gamma"], weights[f"{name}/{part}/layer_norm/beta"]

    own, heard = "self_attention", "attention"
    return _Layer(
        _Attention(norm(own), linear(own, 0), linear(own, 1)),
        _Attention(norm(heard), linear(heard, 0), linear(heard, 2)),
        linear(heard, 1),
        norm("ffn"),
        linear("ffn", 0),
        linear("ffn", 1),
    )


def _linear(states: Array, layer: tuple[Array, Array]) -> Array:
    made: Array = states @ layer[0] + layer[1]
    return made


def _normalised(states: Array, gamma: Array, beta: Array) -> Array:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    made: Array = centred / spread * gamma + beta
    return made


def _products(query: Array, key: Array) -> Array:
    made: Array = np.matmul(query, key, axes=_QUERY_BY_KEY)
    return made


def _sums(weights: Array, value: Array) -> Array:
    made: Array = np.matmul(weights, value, axes=_WEIGHT_BY_VALUE)
    return made


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    made: Array = raised / raised.sum(axis=-1, keepdims=True)
    return made
