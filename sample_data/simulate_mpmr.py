"""What an MR scanner would make of the simulated pelvis: T2w, diffusion, ADC, calculated b, DCE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from grids import Grid
from random_fields import Image, rician
from simulate_pelvis import SPACING_ZYX_MM, Pelvis, axes_zyx_mm, simulate_pelvis
from tissues import lookup

SEED = 20_260_101
TILT_DEGREES = 15.0
B_VALUES_S_MM2 = (0, 50, 400, 800)
CALCULATED_B_S_MM2 = 1400
DCE_TIMES_S = tuple(13.0 * n for n in range(10))
#: Where the middle of the prostate lies in the scanner (LPS): not at 0, as with real patients.
PROSTATE_LPS_MM = (4.0, 21.5, -33.0)
_T2W_ECHO_MS, _DWI_ECHO_MS = 100.0, 62.0
_BOLUS_S = 22.0


@dataclass(frozen=True)
class MpMr:
    """The simulated examination; arrays are (z, y, x), rows from anterior to posterior.

    Parameters
    ----------
    t2w_grid, dwi_grid, dce_grid
        Where the voxels lie in the patient.
    t2w, adc, high_b
        uint16; the ADC in µm²/s; the high b-value is calculated, not acquired.
    diffusion
        uint16 (b, z, y, x), in the order of ``B_VALUES_S_MM2``.
    dce
        uint16 (t, z, y, x), in the order of ``DCE_TIMES_S``.
    reference, prediction
        uint8 on the T2w grid, 1 = lesion.
    zones
        uint8 on the T2w grid: 1 peripheral zone, 2 transition zone.
    """

    t2w_grid: Grid
    dwi_grid: Grid
    dce_grid: Grid
    t2w: NDArray[np.uint16]
    adc: NDArray[np.uint16]
    diffusion: NDArray[np.uint16]
    high_b: NDArray[np.uint16]
    dce: NDArray[np.uint16]
    reference: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    zones: NDArray[np.uint8]


def mpmr_grids() -> tuple[Grid, Grid, Grid]:
    """Return the grids of the T2w, the diffusion and the DCE series.

    The T2w is tilted about the left-right axis, the diffusion series is parallel to it with other
    spacing and origin, the DCE is plain axial.
    """
    x, y, z = PROSTATE_LPS_MM
    t2w = Grid.around((20, 256, 256), (3.0, 0.7, 0.7), (x + 1.3, y - 10.0, z + 1.0), TILT_DEGREES)
    dwi = Grid.around((20, 96, 96), (3.3, 1.9, 1.9), (x - 0.6, y - 8.5, z + 2.1), TILT_DEGREES)
    dce = Grid.around((12, 96, 96), (5.0, 1.9, 1.9), (x + 0.4, y - 8.0, z + 0.7), 0.0)
    return t2w, dwi, dce


def simulate_mpmr(seed: int = SEED) -> MpMr:
    """Simulate the examination.

    Parameters
    ----------
    seed
        The same seed gives the same images.
    """
    rng = np.random.default_rng(seed)
    pelvis = simulate_pelvis(rng)
    t2w_grid, dwi_grid, dce_grid = mpmr_grids()
    diffusion, adc, high_b = _diffusion(pelvis, dwi_grid, rng)
    return MpMr(
        t2w_grid=t2w_grid,
        dwi_grid=dwi_grid,
        dce_grid=dce_grid,
        t2w=_t2w(pelvis, t2w_grid, rng),
        adc=adc,
        diffusion=diffusion,
        high_b=high_b,
        dce=_dce(pelvis, dce_grid, rng),
        reference=_mask(pelvis.lesion > 0, t2w_grid),
        prediction=_mask(pelvis.predicted, t2w_grid),
        zones=_mask(pelvis.zone == 1, t2w_grid) + 2 * _mask(pelvis.zone == 2, t2w_grid),
    )


def _t2w(pelvis: Pelvis, grid: Grid, rng: np.random.Generator) -> NDArray[np.uint16]:
    t2_ms = lookup(pelvis.tissue, "t2_ms") * pelvis.relaxation
    signal = lookup(pelvis.tissue, "density") * np.exp(-_T2W_ECHO_MS / t2_ms)
    seen = _scan(signal, grid) * _coil(grid)
    # The scanner measures a limited band of k-space: a third of a pixel of blur.
    seen = gaussian_filter(seen, (0, 0.35, 0.35))
    return _stored(rician(rng, 1080 * seen, 11.0))


def _diffusion(
    pelvis: Pelvis, grid: Grid, rng: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
    """Return the images of each b-value, the ADC fitted to them, and the calculated b-value."""
    tissue, factor = pelvis.tissue, pelvis.relaxation
    water = lookup(tissue, "density") * lookup(tissue, "water")
    at_b0 = water * np.exp(-_DWI_ECHO_MS / (lookup(tissue, "t2_ms") * np.sqrt(factor)))
    adc = lookup(tissue, "adc_um2_s") * factor ** np.float32(0.5)
    coil = _coil(grid)
    images = []
    for b in B_VALUES_S_MM2:
        seen = _scan(at_b0 * np.exp(-b * adc * 1e-6), grid) * coil
        # Three directions are measured and their mean is stored: less noise, a floor that stays.
        images.append(np.mean([rician(rng, 1150 * seen, 14.0) for _ in range(3)], axis=0))
    measured = np.stack(images).astype(np.float32)
    fitted, at_zero = _fit_adc(measured)
    high_b = at_zero * np.exp(-CALCULATED_B_S_MM2 * fitted * 1e-6)
    return _stored(measured), _stored(fitted), _stored(high_b)


def _fit_adc(measured: Image) -> tuple[Image, Image]:
    """Return ADC (µm²/s) and the signal at b = 0 by a straight line through the logarithms."""
    b = np.array(B_VALUES_S_MM2, dtype=np.float32)
    logs = np.log(np.maximum(measured, 1.0))
    centred = b - b.mean()
    slope = np.tensordot(centred, logs, axes=(0, 0)) / np.float32(centred @ centred)
    at_zero = np.exp(logs.mean(axis=0) - slope * b.mean())
    trusted = measured[0] > 75.0
    adc = np.where(trusted, np.clip(-slope * 1e6, 0, 3500), 0)
    return adc.astype(np.float32), np.where(trusted, at_zero, measured[-1]).astype(np.float32)


def _dce(pelvis: Pelvis, grid: Grid, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return the time series: T1-weighted, the bolus arrives after two images."""
    tissue = pelvis.tissue
    baseline = lookup(tissue, "t1w") * pelvis.relaxation ** np.float32(0.3)
    uptake, washout = lookup(tissue, "uptake"), lookup(tissue, "washout_per_s")
    rate = 1 / lookup(tissue, "tau_s")
    coil = _coil(grid)
    images = []
    for time_s in DCE_TIMES_S:
        since = np.float32(max(time_s - _BOLUS_S, 0.0))
        enhancement = uptake * (1 - np.exp(-since * rate)) * np.exp(-since * washout)
        seen = _scan(baseline * (1 + enhancement), grid) * coil
        images.append(_stored(rician(rng, 720 * seen, 7.0)))
    return np.stack(images)


def _scan(signal: Image, grid: Grid) -> Image:
    """Return the signal on a scanner's grid: blurred to its pixels, averaged through each slice."""
    # A little blur along z too: else flat surfaces show the planes of the fine grid as stripes.
    pixel = grid.spacing_zyx_mm[1] / SPACING_ZYX_MM[1]
    sigma = max(0.4 * pixel - 0.3, 0.55)
    fine = gaussian_filter(signal, (1.0, sigma, sigma))
    starts = [axis[0] for axis in axes_zyx_mm()]
    total = np.zeros(grid.shape_zyx, dtype=np.float32)
    depths = np.linspace(-0.42, 0.42, 7)
    for depth in depths:
        x, y, z = grid.points_lps_mm(depth, relative_to_lps_mm=PROSTATE_LPS_MM)
        index = [(c - s) / d for c, s, d in zip((z, y, x), starts, SPACING_ZYX_MM, strict=True)]
        total += map_coordinates(fine, index, output=np.float32, order=1, mode="nearest")
    return total / len(depths)


def _mask(inside: NDArray[np.bool_], grid: Grid) -> NDArray[np.uint8]:
    smooth = gaussian_filter(inside.astype(np.float32), (1.0, 1.0, 1.0))
    return (_scan(smooth, grid) > 0.5).astype(np.uint8)


def _coil(grid: Grid) -> Image:
    """Return the sensitivity of the coils in front of and behind the patient, about 1 in the middle."""
    x, y, _ = grid.points_lps_mm(0.0, relative_to_lps_mm=PROSTATE_LPS_MM)
    front = np.exp((-95 - y) / 40) * (1 + 0.12 * np.sin(x / 31 + 0.4))
    back = np.exp((y - 95) / 48)
    return (0.9 + 0.65 * front + 0.45 * back - 1.5e-5 * np.square(x - 6)).astype(np.float32)


def _stored(image: Image) -> NDArray[np.uint16]:
    return np.clip(np.rint(image), 0, 4095).astype(np.uint16)
