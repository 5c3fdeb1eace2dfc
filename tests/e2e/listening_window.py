"""A window that listens to the system's microphone, and writes what is in it to a file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import napari
from napari.layers import Points
from qtpy.QtCore import QTimer

from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.layer_data import POINT_MARKS_KEY, case_layers
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.io.atomic import replacing
from napari_medassist.models import places
from tests.phantoms import oblique_case


def main(model: Path, state: Path) -> None:
    """Open the window; it goes on until it is killed."""
    places.user_models_folder = lambda: model.parent
    viewer = napari.Viewer()
    dock, bridge = dock_of(viewer), bridge_of(viewer)
    bridge.add_layer_data(case_layers(oblique_case()))
    viewer.cursor.position = viewer.dims.point[-3:]
    panel = dock.voice_panel
    panel.choose(Choices(mode=Mode.OPEN))
    dock.tabs.setCurrentWidget(panel)

    def look() -> None:
        if panel.conversation.grammar is not None and not panel.listening.is_listening:
            panel.listen(on=True)
        document = bridge.recorder.recording.document
        table = panel.form.log
        found = {
            "is_listening": panel.listening.is_listening,
            "log": [asdict(table.entry_at(row)) for row in reversed(range(table.rowCount()))],
            "findings": list(document.findings.values()),
            "labels": [one["name"] for about in document.about.values() for one in about["labels"]],
            "marks": sum(
                isinstance(n, Points) and POINT_MARKS_KEY in n.metadata for n in viewer.layers
            ),
            "n_lost": panel.listening.n_lost,
        }
        with replacing(state) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")

    clock = QTimer()
    clock.timeout.connect(look)
    clock.start(200)
    napari.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
