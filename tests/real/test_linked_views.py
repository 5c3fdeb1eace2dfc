"""The same point in T2w, ADC, high-b and reformatted planes of two real studies, against SimpleITK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.hanging.cuts import cut_grid
from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.app.hanging.protocol import hang, protocol_for
from napari_medassist.app.hanging.reading import built_in_protocols
from napari_medassist.app.layer_data import case_layers, link_of
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.files import read

pytestmark = pytest.mark.real


def index_in(geometry: Geometry, point: np.ndarray) -> np.ndarray:
    image = sitk.Image([int(n) for n in geometry.shape_zyx[::-1]], sitk.sitkUInt8)
    image.SetSpacing(geometry.spacing_zyx_mm[::-1])
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction.ravel().tolist())
    return np.asarray(image.TransformPhysicalPointToContinuousIndex(point.tolist()))[::-1]


@pytest.mark.parametrize("study", ["ProstateX-0000", "ProstateX-0218"])
def test_crosshairs_lie_within_a_hundredth_of_a_millimetre(real_data: Path, study: str) -> None:
    case = read(real_data / "prostatex" / study)
    frame = DisplayFrame.of_case(case)
    drawn = {id(link_of(o["metadata"]).image): (d, o) for d, o, _ in case_layers(case)}
    t2w = case.by_role("t2w").geometry
    protocol = protocol_for(case, built_in_protocols())
    assert protocol.name == "mpMR prostate"
    worst, n_seen = 0.0, 0
    for layout in protocol.layouts:
        views, _ = hang(layout, case)
        for share in ((0.5, 0.5, 0.5), (0.3, 0.6, 0.4), (0.7, 0.45, 0.55)):
            point = t2w.index_to_lps((np.asarray(t2w.shape_zyx) - 1) * share)
            for view in views:
                data, options = drawn[id(view.image)]
                plane = ViewPlane.of_frame(frame, view.plane)
                grid = frame.geometry_of(
                    data.shape[-3:], options["scale"][-3:], options["translate"][-3:]
                )
                volume = data[0] if data.ndim == 4 else data
                cut = cut_grid(np.asarray(volume), grid, plane, point)
                if cut is None or link_of(options["metadata"]).resampled:
                    continue
                right, down, _ = plane.from_lps(point)
                across = {"axial": 0, "coronal": 1, "sagittal": 2}[view.plane]
                wanted = np.delete(index_in(view.image.geometry, point), across)
                off = (np.asarray(cut.pixel_at(right, down)) - wanted) * np.abs(cut.step_mm[::-1])
                worst, n_seen = max(worst, float(np.abs(off).max())), n_seen + 1
    assert n_seen >= 18
    assert worst < 0.01
