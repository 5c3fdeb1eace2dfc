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

from napari_medassist.core.transform import AffineTransform, Transform
from napari_medassist.io.bridges import to_sitk
from napari_medassist.io.transform_files import from_itk
from napari_medassist.registration.quality import jacobian_determinant
from napari_medassist.app.registering.registry import METHODS
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
    from napari_medassist.core.transform import CompositeTransform, DisplacementField

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


def ants(pair: KnownPair) -> Transform:
    """Run ANTs' SyN with the settings that it calls quick, affine before."""
    import ants as antspy

    with tempfile.TemporaryDirectory() as folder:
        fixed, moving = (antspy.image_read(str(p)) for p in files_of(pair, Path(folder)))
        made = antspy.registration(
            fixed, moving, type_of_transform="antsRegistrationSyNQuick[s]", outprefix=f"{folder}/out"
        )
        return in_order([read_ants(Path(p)) for p in made["fwdtransforms"]])


def read_ants(path: Path) -> Transform:
    """Read one of ANTs' files: a field as an image of vectors, or a linear map in MATLAB's format."""
    if path.suffix == ".mat":
        return from_itk(sitk.ReadTransform(str(path)))
    return field_of(path)


def greedy(pair: KnownPair) -> Transform:
    """Run greedy with local correlation, rigid before: of five settings that were tried the best."""
    from picsl_greedy import Greedy3D

    with tempfile.TemporaryDirectory() as folder:
        fixed, moving = files_of(pair, Path(folder))
        tool = Greedy3D()
        affine, field = Path(folder) / "affine.mat", Path(folder) / "field.nii.gz"
        common = f"-i {fixed} {moving} -m NCC 4x4x1 -n 100x50x10 -threads 2"
        tool.execute(f"-a -dof 6 -ia-identity {common} -o {affine}")
        tool.execute(f"{common} -s 3mm 1mm -it {affine} -o {field}")
        matrix = np.loadtxt(affine)
        flip = np.diag([-1.0, -1.0, 1.0, 1.0])  # greedy's files are RAS
        linear = AffineTransform.from_matrix(flip @ matrix @ flip)
        return in_order([field_of(field), linear])


def elastix(pair: KnownPair) -> Transform:
    """Run elastix with its default parameter maps: rigid, then B-splines (Mattes information)."""
    import itk

    with tempfile.TemporaryDirectory() as folder:
        fixed, moving = (itk.imread(str(p), itk.F) for p in files_of(pair, Path(folder)))
        parameters = itk.ParameterObject.New()
        for kind in ("rigid", "bspline"):
            parameters.AddParameterMap(parameters.GetDefaultParameterMap(kind))
        _, found = itk.elastix_registration_method(fixed, moving, parameter_object=parameters)
        with contextlib.chdir(folder):  # transformix leaves files where it stands
            field = itk.transformix_deformation_field(moving, found)
        path = Path(folder) / "field.nii.gz"
        itk.imwrite(field, str(path))
        return field_of(path)


def field_of(path: Path) -> Transform:
    from napari_medassist.core.transform import DisplacementField
    from napari_medassist.io.bridges import geometry_from_sitk

    image = sitk.ReadImage(str(path))
    vectors = sitk.GetArrayFromImage(image).astype(np.float32)
    return DisplacementField(np.ascontiguousarray(vectors.squeeze()), geometry_from_sitk(image))


def in_order(parts: list[Transform]) -> Transform:
    from napari_medassist.core.transform import CompositeTransform

    return CompositeTransform(tuple(parts))


def images_of(pair: KnownPair) -> tuple[sitk.Image, sitk.Image]:
    return tuple(sitk.Cast(to_sitk(v), sitk.sitkFloat32) for v in (pair.fixed, pair.moving))  # type: ignore[return-value]


def files_of(pair: KnownPair, folder: Path) -> tuple[Path, Path]:
    paths = folder / "fixed.nii.gz", folder / "moving.nii.gz"
    for path, image in zip(paths, images_of(pair), strict=True):
        sitk.WriteImage(image, str(path), useCompression=False)
    return paths


OTHERS: dict[str, tuple[str, Method]] = {
    "SimpleITK rigid": ("SimpleITK", simpleitk_rigid),
    "SimpleITK rigid + B-spline": ("SimpleITK", simpleitk_bspline),
    "ANTs SyNQuick": ("ants", ants),
    "greedy": ("picsl_greedy", greedy),
    "elastix rigid + B-spline": ("itk", elastix),
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
