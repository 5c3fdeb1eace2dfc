"""Sample data for napari's File > Open Sample menu. All of it is simulated."""

from __future__ import annotations

from napari_medassist._plugin.readers import layers_at
from napari_medassist.app import samples
from napari_medassist.app.layer_data import LayerData


def mpmr() -> list[LayerData]:
    """Return the simulated mpMR prostate study."""
    return layers_at(samples.sample_study())


def ct() -> list[LayerData]:
    """Return the simulated chest CT."""
    return layers_at(samples.sample_ct())


def ultrasound() -> list[LayerData]:
    """Return the simulated ultrasound clip."""
    return layers_at(samples.sample_ultrasound())
