"""The dialog that shares a copy, with a real mouse: boxes found and drawn are black in the copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton

from napari_medassist._qt.case_panel.panel import CasePanel
from napari_medassist._qt.share_dialog.dialog import ShareDialog
from napari_medassist.app.sharing import sources_of
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem
from napari_medassist.io.files import read
from tests.dicom_phantom import write_clip
from tests.unit.io.sharing.test_burned_in import ultrasound

pytestmark = pytest.mark.gui


def test_found_and_drawn_boxes_are_black_in_the_copy(qtbot: Any, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    for name in ("a.dcm", "b.dcm"):
        write_clip(folder / name, ultrasound(), FrameTime=40)
    sources = sources_of(read(folder))
    assert set(sources) == {folder / "a.dcm", folder / "b.dcm"}
    dialog = ShareDialog(sources)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.list.count() == 2 and not dialog.runner.is_busy)
    assert "may hold text at 1 place" in dialog.why.text()
    dialog.list.item(0).setCheckState(Qt.CheckState.Checked)
    picture = dialog.picture
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=QPoint(*_at(picture, 0, 120)))
    QTest.mouseMove(picture, QPoint(*_at(picture, 220, 160)))
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=QPoint(*_at(picture, 220, 160)))
    assert len(picture.boxes) == 2
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.mapping.setText(str(tmp_path / "map.json"))
    QTest.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "1 files in" in dialog.message.text())
    assert "b.dcm" in dialog.message.toolTip()
    (copy,) = (dcmread(path) for path in (tmp_path / "out").rglob("*.dcm"))
    assert not copy.pixel_array[:, :30].any()
    assert not copy.pixel_array[:, 122:158].any()
    assert np.array_equal(copy.pixel_array[:, 40:118], ultrasound()[:, 40:118])
    assert copy.PatientName != "Secret^Patient"
    # what lies at the place of a box is taken away by the other button
    QTest.mouseClick(picture, Qt.MouseButton.RightButton, pos=QPoint(*_at(picture, 30, 15)))
    assert len(picture.boxes) == 1


def test_the_case_tab_opens_it(qtbot: Any, bridge: Any, tmp_path: Path) -> None:
    write_clip(tmp_path / "a.dcm", ultrasound(), FrameTime=40)
    panel = CasePanel(bridge)
    qtbot.addWidget(panel)
    panel.open_path(tmp_path / "a.dcm")
    (button,) = (b for b in panel.findChildren(QPushButton) if b.text() == "Share copy...")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    (dialog,) = panel.findChildren(ShareDialog)
    qtbot.waitUntil(lambda: dialog.list.count() == 1 and not dialog.runner.is_busy)
    assert dialog.isVisible()
    dialog.close()


def _at(picture: Any, x: int, y: int) -> tuple[int, int]:
    place, zoom = picture._place(), picture._zoom()
    return round(place.left() + x * zoom), round(place.top() + y * zoom)


def test_a_case_that_was_read_from_no_file_cannot_be_shared() -> None:
    with pytest.raises(FileProblem, match="from no file"):
        sources_of(Case("made"))
