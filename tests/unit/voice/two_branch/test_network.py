"""The two-branch network on pictures and tones that are told apart at once, and its commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_medassist.cli.main import main
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.voice.sound import RATE_HZ
from napari_medassist.voice.two_branch.judging import joined, judged, wilson
from napari_medassist.voice.two_branch.samples import prepared, read_samples
from tests.unit.voice.sounds import write_sound

LABELS, GROUPS, N_EACH = ("duct", "gland", "vessel"), ("ann", "bob"), 12
HZ = {"duct": 300, "gland": 1000, "vessel": 3000}


def _table(folder: Path, *, without_sound: int = 0) -> Path:
    """Write samples: a bar at a height of its own in noise, and a tone."""
    rng = np.random.default_rng(0)
    rows = []
    for group in GROUPS:
        for k, label in enumerate(LABELS):
            for n in range(N_EACH):
                name = f"{group}-{label}-{n}"
                frame = rng.integers(0, 60, (64, 64), dtype=np.uint8)
                frame[10 + 16 * k : 20 + 16 * k] += 150
                Image.fromarray(frame).save(folder / f"{name}.png")
                times = np.arange(int(0.8 * RATE_HZ)) / RATE_HZ
                tone = 0.3 * np.sin(2 * np.pi * (HZ[label] + rng.uniform(-20, 20)) * times)
                write_sound(folder / f"{name}.wav", tone + 0.01 * rng.normal(size=len(times)))
                sound = "" if n < without_sound else f"{name}.wav"
                rows.append((f"{name}.png", sound, label, group))
    path = folder / "samples.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "sound", "label", "group"))
        writer.writerows(rows)
    return path


def test_it_learns_from_one_speaker_and_is_right_of_another_with_either_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, network, figures = (
        _table(tmp_path, without_sound=2), tmp_path / "net.pt", tmp_path / "f.json",
    )  # fmt: skip
    wish = ["--out", str(network), "--epochs", "15", "--leave-one-out", "--json", str(figures)]
    wish += ["--about", "Bars and tones; ann | bob."]
    assert main(["voice", "train", str(table), *wish]) == 0
    found = json.loads(figures.read_text())
    assert found["both"]["n"] == len(GROUPS) * len(LABELS) * N_EACH
    assert set(found["by_group"]) == set(GROUPS)
    assert min(found[way]["accuracy"] for way in ("both", "picture only")) > 0.9
    assert 0.7 < found["sound only"]["accuracy"] <= 1  # a sixth of them has no sound
    told = capsys.readouterr().out
    assert "both: " in told
    assert "ann: both " in told

    card = (tmp_path / "net.pt.md").read_text(encoding="utf-8")
    assert "Bars and tones; ann | bob." in card
    assert "72 frames, 12 of them without a sound" in card
    assert "| duct | 12 | 12 |" in card
    assert f"| both | {found['both']['accuracy']:.1%} (" in card
    assert "It was not judged" not in card

    assert (
        main(["voice", "evaluate", str(table), "--network", str(network), "--json", str(figures)]) == 0
    )
    warned = capsys.readouterr().err
    assert "it has learned from the groups ann, bob" in warned
    assert json.loads(figures.read_text())["both"]["accuracy"] > 0.9


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    from napari_medassist.voice.two_branch.learning import Wish, learn, load, save

    ready = prepared(read_samples(_table(tmp_path)))
    first, again, other = (learn(ready, Wish(n_epochs=1, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.probabilities(ready), again.probabilities(ready))
    assert not np.allclose(first.probabilities(ready), other.probabilities(ready))
    save(first, tmp_path / "net.pt", {"groups": ["ann"]})
    read, about = load(tmp_path / "net.pt")
    np.testing.assert_array_equal(read.probabilities(ready), first.probabilities(ready))
    assert about == {"groups": ["ann"]}
    assert read.names == LABELS
    blind_and_deaf = read.probabilities(ready, hears=False, sees=False)
    np.testing.assert_allclose(blind_and_deaf - blind_and_deaf[0], 0, atol=1e-6)
    (tmp_path / "bad.pt").write_bytes(b"no network")
    with pytest.raises(CorruptFile, match=r"no network of .voice train."):
        load(tmp_path / "bad.pt")


def test_what_is_wrong_with_a_table_is_told_with_its_line(tmp_path: Path) -> None:
    table = _table(tmp_path)
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("ann-duct-1.png", "gone.png"), encoding="utf-8")
    with pytest.raises(FileProblem, match="Line 3 names a file that is not there"):
        read_samples(table)
    table.write_text(text.replace(",duct,ann", ",,ann", 1), encoding="utf-8")
    with pytest.raises(CorruptFile, match="Line 2: image, label and group"):
        read_samples(table)
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorruptFile, match="columns image, sound, label, group"):
        read_samples(table)
    with pytest.raises(FileProblem):
        read_samples(tmp_path / "none.csv")
    (tmp_path / "ann-duct-0.png").write_bytes(b"no picture")
    table.write_text(text, encoding="utf-8")
    with pytest.raises(CorruptFile, match="picture cannot be read"):
        prepared(read_samples(table))


def test_a_network_that_was_not_judged_says_so_in_its_card(tmp_path: Path) -> None:
    network = tmp_path / "net.pt"
    wish = ["--out", str(network), "--epochs", "1"]
    assert main(["voice", "train", str(_table(tmp_path)), *wish]) == 0
    card = (tmp_path / "net.pt.md").read_text(encoding="utf-8")
    assert "It was not judged" in card
    assert "Not told." in card
    assert "epochs 1, seed 0" in card


def test_wishes_that_cannot_be_met_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(tmp_path)
    net = ["--out", str(tmp_path / "net.pt")]
    assert main(["voice", "train", str(table), *net, "--epochs", "0"]) == 2
    one_group = tmp_path / "one.csv"
    text = table.read_text(encoding="utf-8").replace(",bob", ",ann")
    one_group.write_text(text, encoding="utf-8")
    assert main(["voice", "train", str(one_group), *net, "--leave-one-out"]) == 2
    assert "one group" in capsys.readouterr().err
    assert not (tmp_path / "net.pt").exists()
    with pytest.raises(InvalidSetting, match="'gland' is no label of the network"):
        prepared(read_samples(table), names=("duct", "vessel"))


def test_figures_count_what_got_no_label_as_wrong() -> None:
    found = judged(("a", "b"), [0, 0, 1, 1], [0, 1, 1, None])
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 1]]
    assert found.accuracy == 0.5
    assert found.recall() == {"a": 0.5, "b": 0.5}
    assert found.precision() == {"a": 1.0, "b": 0.5}
    assert joined([found, found]).n == 8
    assert wilson(8, 10) == pytest.approx((0.4901624715, 0.9433178485), abs=1e-6)  # R's binom.wilson
    empty = judged(("a", "b"), [], [])
    assert empty.to_plain()["accuracy"] is None
