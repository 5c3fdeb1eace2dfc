"""Seconds and memory of every model by every backend, beside PyTorch and the model's own package.

Each candidate runs in a process of its own, so that its highest memory is its own. Give a study with a
T2w series, and a chest CT; without them the simulated samples are taken::

    python benchmarks/bench_models.py --study ../shared/data/prostatex/ProstateX-0218
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

REPEATS = 5
_TAPS = "import sys; from taps.cli import main; sys.exit(main(sys.argv[1:]))"


def one(model: str, backend: str, path: Path) -> dict[str, Any]:
    """Load and run one model by one backend."""
    begun = perf_counter()
    from napari_medassist.app.segmenting import segment
    from napari_medassist.io.files import read

    case = read(path)
    opened, memory = perf_counter(), highest_mb()
    made = segment(case, model, backend=backend)
    first, times = perf_counter() - opened, []
    for _ in range(REPEATS):
        begun_again = perf_counter()
        segment(case, model, backend=backend)
        times.append(perf_counter() - begun_again)
    return {
        "to open the case, s": opened - begun,
        "first, with loading, s": first,
        "median, s": median(times),
        "of it the network, s": made.seconds.get("inference", 0.0),
        "memory beside the case, MB": highest_mb() - memory,
        "voxels": int((made.labels.array > 0).sum()),  # type: ignore[attr-defined]
    }


def highest_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(model: str, backend: str, path: Path) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, __file__, "--one", model, backend, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def from_file_to_file(study: Path) -> None:
    """Run `taps-prostate` by our command line and by its own package, the start of both included."""
    import SimpleITK as sitk

    from napari_medassist.io.bridges import to_sitk
    from napari_medassist.io.files import read, read_labels

    if find_spec("taps") is None:
        print("\ntaps (lavlab-taps) is not installed: not compared with its own package")
        return
    with tempfile.TemporaryDirectory() as folder:
        image, places = Path(folder) / "t2w.nii.gz", {}
        volume = read(study).by_role("t2w")
        sitk.WriteImage(to_sitk(volume), str(image))  # type: ignore[arg-type]
        commands = {
            "ours": ["-m", "napari_medassist.cli.main", "segment", image, "--model", "taps-prostate"],
            "its package": ["-c", _TAPS, "segment", image],
        }
        for name, command in commands.items():
            out = Path(folder) / f"{name.replace(' ', '-')}.nii.gz"
            options = ["--out", out] if name == "ours" else [out, "--exact", "--device", "cpu"]
            begun = perf_counter()
            subprocess.run(
                [sys.executable, *map(str, command), *map(str, options)],
                capture_output=True,
                check=False,
            )
            places[name] = (out, perf_counter() - begun)
        first, second = (read_labels(out).array > 0 for out, _ in places.values())  # type: ignore[attr-defined]
        overlap = 2 * (first & second).sum() / (first.sum() + second.sum())
        ours, theirs = (seconds for _, seconds in places.values())
        print(f"\ntaps-prostate from file to file: ours {ours:.1f} s, its package {theirs:.1f} s")
        print(f"  x {theirs / ours:.1f}; Dice of the two {overlap:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, help="a study with a T2w series")
    parser.add_argument("--ct", type=Path, help="a chest CT")
    parser.add_argument("--one", nargs=3, metavar=("MODEL", "BACKEND", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        model, backend, path = options.one
        print(json.dumps(one(model, backend, Path(path))))
        return
    from napari_medassist.app.samples import sample_path, sample_study
    from napari_medassist.models.backends.choice import available
    from napari_medassist.models.places import is_installed
    from napari_medassist.models.registry import our_models

    study, ct = options.study or sample_study(), options.ct or sample_path("ct")
    for card in our_models():
        if not is_installed(card):
            print(f"\n{card.full_name}: not installed")
            continue
        path = ct if card.inputs[0].role == "ct" else study
        names = available(card) or ("",)
        found = {name: in_a_process(card.name, name, path) for name in names}
        eager = found.get("torch", found[names[0]])["median, s"]
        print(f"\n{card.full_name} on {path.name}")
        for name, row in found.items():
            print(f"  {name or 'no network':<12}", end="")
            print("; ".join(f"{what} {value:.2f}" for what, value in row.items()), end="")
            print(f"; x {eager / row['median, s']:.2f}")
    from_file_to_file(study)


if __name__ == "__main__":
    main()
