"""Images of a case as the channels of a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.core.volume import Volume
from napari_medassist.models.card import Network, Normalisation
from napari_medassist.models.decisions import Float32
from napari_medassist.models.grids import centred_grid, on_grid
from napari_medassist.models.normalise import (
    NonzeroScale,
    RobustScale,
    Scale,
    WholeScale,
    position_channels,
)
from napari_medassist.models.prediction import leading_of

MIRRORED = AxisOrder.toward("SPR")


class NetworkInputs:
    """The images of a case as a network wants them, on any grid; the same in use and in training.

    Parameters
    ----------
    network
        How it is fed.
    roles
        Its inputs, in their order.
    volumes
        The images by role, the leading one first; an optional one may be missing.
    mirrored
        Whether mirrored windows will be asked for too.

    Attributes
    ----------
    leading
        The leading image.
    image
        Its grid.
    """

    def __init__(
        self,
        network: Network,
        roles: tuple[str, ...],
        volumes: Mapping[str, Volume],
        *,
        mirrored: bool = False,
    ) -> None:
        self._network, self._roles, self._volumes = network, roles, volumes
        self.leading, self.is_mirrored = leading_of(volumes), mirrored
        self.image = self.leading.geometry
        self._scales = {role: self._scale(volume) for role, volume in volumes.items()}

    def channels(self, grid: Geometry) -> Float32:
        """Return the network's input on a grid, (channels, z, y, x)."""
        # With 0 as "nothing", beyond the image is nothing; else its edge goes on.
        is_zero_outside = self._network.normalisation is Normalisation.NONZERO
        edge = "constant" if is_zero_outside else "nearest"
        channels = [self._channel(role, grid, edge)[None] for role in self._roles]
        if self._network.has_positions:
            channels.append(position_channels(grid.shape_zyx, grid.spacing_zyx_mm))
        return np.concatenate(channels)

    def _channel(self, role: str, grid: Geometry, edge: str) -> Float32:
        volume = self._volumes.get(role)
        if volume is None:  # the mean of a normalised image, as in training
            return np.zeros(grid.shape_zyx, dtype=np.float32)
        values = on_grid(np.asarray(volume.array), volume.geometry, grid, edge=edge)
        return self._scales[role].apply(values)

    def mirrored(self, channels: Float32) -> Float32:
        """Return a window with left and right exchanged; positions count to the other side then."""
        turned = np.array(MIRRORED.apply(channels))
        if self._network.has_positions:
            turned[-1] *= -1
        return turned

    def _scale(self, volume: Volume) -> Scale:
        values, kind = np.asarray(volume.array), self._network.normalisation
        if kind is Normalisation.NONZERO:
            return NonzeroScale.of(values)
        if kind is Normalisation.WHOLE:
            return WholeScale.of(values)
        if kind is Normalisation.FIXED and self._network.fixed_scale is not None:
            return self._network.fixed_scale
        # All images are measured in the window of the leading one, wherever their own centres lie.
        sampling = self._network.sampling.on(self.image.spacing_zyx_mm)
        grid = centred_grid(self.image, sampling.spacing_zyx_mm, sampling.window_zyx)
        return RobustScale.of(on_grid(values, volume.geometry, grid, edge="nearest"))
