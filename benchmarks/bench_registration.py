"""Error and seconds of registration beside other tools, on pairs whose true map is known.

Real images, turned and bent by a known map, with noise, uneven brightness and inverted contrast of
their own. SimpleITK is always there; ANTs (antspyx), greedy (picsl-greedy) and elastix (itk-elastix)
take part if they are installed. Each tool runs with the settings that its own documentation gives for
such images; two images of one modality are not told to it. The MNI template is the one that the nilearn
package holds; give the file, or install nilearn::

    python benchmarks/bench_registration.py --data ../shared/data --mni mni_icbm152_t1.nii.gz
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import math
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import SimpleITK as sitk

from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.io.bridges import to_sitk
from napari_medassist.io.transform_files import from_itk
from napari_medassist.registration.engines.files import FIXED, MOVING
from napari_medassist.registration.engines.run import read_part
from napari_medassist.registration.quality import jacobian_determinant
from napari_medassist.registration.spec import Pair, checked
from registration_pairs import KnownPair, standard_pairs
from svg_plots import Axis, scatter

Method = Callable[[KnownPair], Transform]
_OURS = ("rigid", "rigid-information", "affine", "deformable")


def ours(name: str) -> Method:
    method = METHODS.get(name)

    def run(pair: KnownPair) -> Transform:
        start = AffineTransform.identity()
        return method.run(checked(Pair(pair.fixed, pair.moving)), start, lambda *_: None).transform

    return run


# ------------------------------------------------------------------ other tools


def simpleitk_rigid(pair: KnownPair) -> Transform:
    """Follow SimpleITK's own notebook on registration: Mattes information, 1 % of the voxels."""
    fixed, moving = images_of(pair)
    method = _simpleitk(0.01)
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method.SetInitialTransform(start, inPlace=False)
    return from_itk(method.Execute(fixed, moving))


def simpleitk_bspline(pair: KnownPair) -> Transform:
    """Follow its notebook on free form deformation: control points 50 mm apart, LBFGSB."""
    fixed, moving = images_of(pair)
    method = _simpleitk(0.01)
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method.SetInitialTransform(start, inPlace=False)
    rigid = method.Execute(fixed, moving)
    mesh = [
        max(1, round(n * mm / 50)) for n, mm in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)
    ]
    method = _simpleitk(0.01)
    method.SetMovingInitialTransform(rigid)
    bent = sitk.BSplineTransformInitializer(fixed, mesh, order=3)
    method.SetInitialTransform(bent, inPlace=True)
    method.SetOptimizerAsLBFGSB(gradientConvergenceTolerance=1e-5, numberOfIterations=100)
    method.Execute(fixed, moving)
    sampled = sitk.TransformToDisplacementField(
        bent,
        sitk.sitkVectorFloat64,
        fixed.GetSize(),
        fixed.GetOrigin(),
        fixed.GetSpacing(),
        fixed.GetDirection(),
    )
    field = DisplacementField(sitk.GetArrayFromImage(sampled).astype(np.float32), pair.fixed.geometry)
    return CompositeTransform((field, from_itk(rigid)))


def _simpleitk(share: float) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(share, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(
        learningRate=1.0,
        numberOfIterations=100,
        convergenceMinimumValue=1e-6,
        convergenceWindowSize=10,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return method


def engine(name: str) -> Method:
    """Run a program as the product runs it where it is installed, but in this process."""

    def run(pair: KnownPair) -> Transform:
        module = importlib.import_module(f"napari_medassist.registration.engines.{name}")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            for file, image in zip((FIXED, MOVING), images_of(pair), strict=True):
                sitk.WriteImage(image, str(folder / file), useCompression=False)
            with contextlib.chdir(folder):  # transformix leaves files where it stands
                parts = module.align(folder)
            return CompositeTransform(tuple(read_part(part) for part in parts))

    return run


def images_of(pair: KnownPair) -> tuple[sitk.Image, sitk.Image]:
    return tuple(sitk.Cast(to_sitk(v), sitk.sitkFloat32) for v in (pair.fixed, pair.moving))  # type: ignore[return-value]


OTHERS: dict[str, tuple[str, Method]] = {
    "SimpleITK rigid": ("SimpleITK", simpleitk_rigid),
    "SimpleITK rigid + B-spline": ("SimpleITK", simpleitk_bspline),
    "ANTs SyNQuick": ("ants", engine("ants")),
    "greedy": ("picsl_greedy", engine("greedy")),
    "elastix rigid + B-spline": ("itk", engine("elastix")),
}


def measured(pair: KnownPair, method: Method) -> dict[str, Any]:
    """Run a method once and measure it."""
    begun = perf_counter()
    try:
        found = method(pair)
    except Exception as error:  # noqa: BLE001 - of another tool, of whatever kind: its row says so
        return {"failed": f"{type(error).__name__}: {error}"[:120]}
    seconds = perf_counter() - begun
    errors = pair.errors_mm(found)
    folded = float((jacobian_determinant(found, pair.fixed.geometry)[pair.counted] <= 0).mean())
    return {
        "mean_mm": float(np.nanmean(errors)),
        "p95_mm": float(np.nanpercentile(errors, 95)),
        "folded": folded,
        "seconds": seconds,
    }


def write_plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Write error over seconds of all that ran, a point a pair, as SVG."""
    ran = [row for row in rows if "failed" not in row]
    groups: dict[str, list[tuple[float, float]]] = {}
    for row in ran:
        name = "ours" if row["method"].startswith("ours") else row["method"].split()[0]
        groups.setdefault(name, []).append((row["seconds"], row["mean_mm"]))
    ticks_s, ticks_mm = (1, 3, 10, 30, 100, 300), (0.1, 0.3, 1, 3, 10, 30, 100)
    x = Axis("seconds, two cores (log)", 0.5, 400, ticks_s, math.log10)
    y = Axis("mean error, mm (log)", 0.08, 120, ticks_mm, math.log10)
    path.write_text(scatter(x, y, groups), encoding="utf-8")


def mni_file(given: Path | None) -> Path | None:
    if given is not None:
        return given
    if find_spec("nilearn") is None:
        print("neither --mni nor nilearn: no MNI pair")
        return None
    import nilearn

    folder = Path(nilearn.__file__).parent / "datasets" / "data"
    return next(iter(sorted(folder.glob("mni_icbm152_t1*.nii.gz"))), None)


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with prostatex, mr and ct")
    parser.add_argument("--mni", type=Path, help="the MNI template, T1")
    parser.add_argument("--only", default="", help="pairs whose name holds this")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    parser.add_argument("--plot", type=Path, help="write error over seconds as SVG")
    options = parser.parse_args()
    methods = {f"ours: {name}": ours(name) for name in _OURS}
    methods |= {name: run for name, (package, run) in OTHERS.items() if find_spec(package)}
    rows = []
    for pair in standard_pairs(mni_file(options.mni), options.data):
        if options.only not in pair.name:
            continue
        start = pair.errors_mm(None)
        print(f"\n{pair.name}: {start.mean():.2f} mm, 95 % {np.percentile(start, 95):.2f} mm")
        for name, method in methods.items():
            row = measured(pair, method)
            rows.append({"pair": pair.name, "method": name, **row})
            print(f"  {name:<28}", end="")
            if "failed" in row:
                print(row["failed"], flush=True)
                continue
            told = f"{row['mean_mm']:6.2f} mm, 95 % {row['p95_mm']:6.2f} mm"
            print(f"{told}, folded {row['folded']:.3%}, {row['seconds']:5.1f} s", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    if options.plot:
        write_plot(rows, options.plot)


if __name__ == "__main__":
    main()
