"""Train `opacity-ct`: ground glass and consolidation on CT of the chest, from simulated opacities.

Needs the file that chest_sources.py writes. A run that was stopped goes on with the same command; a run
in another folder may begin from weights with --init::

    python training/opacity_ct.py --sources chest.npz --config training/opacity_ct.yaml --out run
"""

from __future__ import annotations

from napari_medassist.models.training.goals import OPACITIES
from napari_medassist.models.training.simulation.opacities import MakeChest
from run_training import run

if __name__ == "__main__":
    run(__doc__, MakeChest, OPACITIES)
