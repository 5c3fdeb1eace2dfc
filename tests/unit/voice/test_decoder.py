"""The decoder: a tree scores as one text after another would; files of weights are checked."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.core.errors import CorruptFile
from napari_medassist.voice.whisper.decoder import EVERYTHING, Beam, TextDecoder
from napari_medassist.voice.whisper.phrase_tree import PhraseTree
from napari_medassist.voice.whisper.weights import read_decoder

WIDTH, N_TOKENS, N_LAYERS, END = 128, 30, 2, 0
TEXTS = ([5, 6, 7, END], [5, 6, END], [5, 9, 9, 2, END], [11, END], [12, 6, 7, END])


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shapes of all weights of a small decoder."""
    found: dict[str, tuple[int, ...]] = {
        "embeddings/weight": (N_TOKENS, WIDTH),
        "position_encodings/encodings": (40, WIDTH),
        "layer_norm/gamma": (WIDTH,),
        "layer_norm/beta": (WIDTH,),
    }
    for k in range(N_LAYERS):
        wide = {
            "self_attention": ((3 * WIDTH, WIDTH), (WIDTH, WIDTH)),
            "attention": ((WIDTH, WIDTH), (2 * WIDTH, WIDTH), (WIDTH, WIDTH)),
            "ffn": ((4 * WIDTH, WIDTH), (WIDTH, 4 * WIDTH)),
        }
        for part, linear in wide.items():
            for name in ("gamma", "beta"):
                found[f"layer_{k}/{part}/layer_norm/{name}"] = (WIDTH,)
            for n, shape in enumerate(linear):
                found[f"layer_{k}/{part}/linear_{n}/weight"] = shape
                found[f"layer_{k}/{part}/linear_{n}/bias"] = shape[:1]
    return found


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes().items()}


@pytest.fixture(scope="module")
def decoder(weights: dict[str, np.ndarray]) -> TextDecoder:
    return TextDecoder(weights)


def one_by_one(decoder: TextDecoder, encoded: np.ndarray, prompt: list[int], text: list[int]) -> float:
    """Score a text by reading all that comes before each of its tokens anew, without any tree."""
    heard, total = decoder.hear(encoded), 0.0
    for k, token in enumerate(text):
        state = decoder.read([*prompt, *text[:k]], heard).state
        logits = (state @ decoder._to_tokens)[0].astype(np.float64)
        total += logits[token] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    return float(total)


def test_a_tree_scores_each_text_as_alone(decoder: TextDecoder) -> None:
    encoded = np.random.default_rng(0).normal(0, 1, (20, WIDTH)).astype(np.float32)
    tree, prompt = PhraseTree(), [1, 3, 4]
    ends = [tree.add(text) for text in TEXTS]
    scores = decoder.score(tree, decoder.read(prompt, decoder.hear(encoded)), END, EVERYTHING)
    expected = [one_by_one(decoder, encoded, prompt, text) for text in TEXTS]
    np.testing.assert_allclose(scores[ends], expected, rtol=1e-4)


def test_all_texts_of_one_length_have_a_probability_of_one_together(decoder: TextDecoder) -> None:
    encoded = np.random.default_rng(1).normal(0, 1, (10, WIDTH)).astype(np.float32)
    tree = PhraseTree()
    for first in range(1, N_TOKENS):
        for second in range(N_TOKENS):
            tree.add([first, second])
    tree.add([END])
    scores = decoder.score(tree, decoder.read([1], decoder.hear(encoded)), END, EVERYTHING)
    leaves = [k for k in range(1, len(tree)) if not tree.children[k]]
    assert np.exp(scores[leaves]).sum() == pytest.approx(1, abs=1e-4)


def test_a_narrow_beam_leaves_texts_and_keeps_those_it_is_told_to(decoder: TextDecoder) -> None:
    encoded = np.random.default_rng(2).normal(0, 1, (20, WIDTH)).astype(np.float32)
    tree = PhraseTree()
    ends = [tree.add(text) for text in TEXTS]
    prompted = decoder.read([1, 3], decoder.hear(encoded))
    whole = decoder.score(tree, prompted, END, EVERYTHING)[ends]
    narrow = decoder.score(tree, prompted, END, Beam(1, 0.1, 0.0))[ends]
    assert np.isinf(narrow).any()
    found = np.isfinite(narrow)
    np.testing.assert_allclose(narrow[found], whole[found], rtol=1e-5)
    kept = tree.all_on_the_way_to(ends)
    np.testing.assert_allclose(
        decoder.score(tree, prompted, END, Beam(1, 0.1, 0.0), kept)[ends], whole, rtol=1e-5
    )


def test_what_was_added_to_a_tree_can_be_cut_again() -> None:
    tree = PhraseTree()
    tree.add([1, 2, 3])
    before = (len(tree), [dict(c) for c in tree.children])
    end = tree.add([1, 2, 4, 5])
    assert tree.path_of(end) == [1, 2, 4, 5]
    tree.cut(before[0])
    assert (len(tree), tree.children) == before


def model_file(path: Path, arrays: dict[str, np.ndarray], kind: str = "WhisperSpec") -> Path:
    """Write arrays as CTranslate2 does."""
    numbers = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def text(words: str) -> bytes:
        raw = words.encode() + b"\0"
        return struct.pack("<H", len(raw)) + raw

    parts = [struct.pack("<I", 6), text(kind), struct.pack("<II", 3, len(arrays))]
    for name, array in arrays.items():
        parts += [
            text(name),
            struct.pack("<B", array.ndim),
            struct.pack(f"<{array.ndim}I", *array.shape),
        ]
        parts += [struct.pack("<BI", numbers[str(array.dtype)], array.nbytes), array.tobytes()]
    parts += [
        struct.pack("<I", 1),
        text("decoder/projection/weight"),
        text("decoder/embeddings/weight"),
    ]
    path.write_bytes(b"".join(parts))
    return path


def test_weights_are_read_in_every_precision(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = rng.normal(0, 1, (4, 6)).astype(np.float32)
    scale = (127 / np.abs(whole).max(axis=1)).astype(np.float32)
    arrays = {
        "decoder/embeddings/weight": whole,
        "decoder/half": whole.astype(np.float16),
        "decoder/small": np.rint(whole * scale[:, None]).astype(np.int8),
        "decoder/small_scale": scale,
        "encoder/other": whole,
    }
    found = read_decoder(model_file(tmp_path / "model.bin", arrays))
    assert set(found) == {"embeddings/weight", "projection/weight", "half", "small"}
    np.testing.assert_array_equal(found["projection/weight"], whole)
    np.testing.assert_allclose(found["half"], whole, atol=2e-3)
    np.testing.assert_allclose(found["small"], whole, atol=0.02)


def test_torn_and_foreign_files_are_refused(tmp_path: Path) -> None:
    arrays = {"decoder/embeddings/weight": np.zeros((4, 6), np.float32)}
    path = model_file(tmp_path / "model.bin", arrays)
    whole = path.read_bytes()
    for n in (3, 20, 60, len(whole) - 5):
        path.write_bytes(whole[:n])
        with pytest.raises(CorruptFile, match=r"model\.bin"):
            read_decoder(path)
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(CorruptFile, match=r"model\.bin"):
        read_decoder(path)
    with pytest.raises(CorruptFile, match="it holds a TransformerSpec"):
        read_decoder(model_file(path, arrays, "TransformerSpec"))
