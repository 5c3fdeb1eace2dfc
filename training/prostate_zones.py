"""Train `prostate-zones`: peripheral and transition zone on T2-weighted MR, from simulated contrast.

Needs the file that prostate_sources.py writes. A run that was stopped goes on with the same command; a
run in another folder may begin from weights with --init::

    python training/prostate_zones.py --sources sources.npz \
        --config training/prostate_zones.yaml --out run
"""

from __future__ import annotations

from functools import partial

from napari_medassist.models.training.goals import ZONES
from napari_medassist.models.training.simulation.prostate_t2w import simulate
from napari_medassist.models.training.simulation.sources import MakeSample
from run_training import run

if __name__ == "__main__":
    run(__doc__, partial(MakeSample, simulate=simulate), ZONES)
