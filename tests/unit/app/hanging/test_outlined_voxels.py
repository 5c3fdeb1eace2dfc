"""An outline in the plane of a view, on grids that lie straight and turned to it."""

from __future__ import annotations

import numpy as np

from napari_medassist.app.hanging.cuts import outlined_voxels
from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.core.geometry import Geometry

AXIAL = ViewPlane("axial", (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def square(x: float, y: float, z: float, half: float) -> np.ndarray:
    return np.array(
        [
            (x - half, y - half, z),
            (x + half, y - half, z),
            (x + half, y + half, z),
            (x - half, y + half, z),
        ]
    )


def test_a_square_takes_the_voxels_counted_by_hand_and_stops_at_the_edge() -> None:
    grid = Geometry((5, 20, 20), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), np.eye(3))
    z, y, x = outlined_voxels(grid, AXIAL, square(10, 10, 6.5, 2.6))
    assert set(z.tolist()) == {2}
    assert (len(z), y.min(), y.max(), x.min(), x.max()) == (25, 8, 12, 8, 12)
    _, y, x = outlined_voxels(grid, AXIAL, square(0, 0, 6.5, 2.6))
    assert (len(x), y.min(), x.max()) == (9, 0, 2)


def test_on_a_turned_grid_all_voxels_meet_the_plane_and_lie_inside() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    grid = Geometry((30, 40, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), [[1, 0, 0], [0, c, -s], [0, s, c]])
    centre = grid.index_to_lps((15.0, 20.0, 20.0))
    index = np.stack(outlined_voxels(grid, AXIAL, square(*centre, 5.3)), axis=1)
    away = grid.index_to_lps(index) - centre
    assert np.abs(away[:, :2]).max() <= 5.3
    assert np.abs(away[:, 2]).max() <= 0.5 * (c + s) + 1e-9
    assert len(set(index[:, 0].tolist())) > 1
    assert 100 < len(index) < 200
