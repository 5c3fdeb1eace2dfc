"""Train `prostate-lesions`: lesions on T2w, ADC and high b-value, from simulated studies.

Needs the file that prostate_sources.py writes. A run that was stopped goes on with the same command; a
run in another folder may begin from weights with --init::

    python training/prostate_lesions.py --sources sources.npz \
        --config training/prostate_lesions.yaml --out run
"""

from __future__ import annotations

from functools import partial

from napari_medassist.models.training.goals import LESIONS
from napari_medassist.models.training.simulation.prostate_mpmr import simulate_mpmr
from napari_medassist.models.training.simulation.sources import MakeSample
from run_training import run

if __name__ == "__main__":
    run(__doc__, partial(MakeSample, simulate=simulate_mpmr), LESIONS)
