"""Learning from one's own cases, in the window: the dialog, the run, the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QDialog, QMessageBox

from napari_medassist._qt.models_panel import panel as panels
from napari_medassist._qt.models_panel.learn_dialog import LearnDialog
from napari_medassist.app.learning.wish import LearningWish
from napari_medassist.models.registry import find_model
from tests.qt.models_panel.test_panel import choose, panel  # noqa: F401 - a fixture
from tests.unit.app.learning.test_learning import read_worklist, written_cases

pytestmark = pytest.mark.gui


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        "napari_medassist.models.places.user_data_path", lambda _name: tmp_path / "home"
    )
    return tmp_path / "home"


def test_the_dialog_says_what_is_missing_before_anything_begins(
    qtbot: Any, tmp_path: Path, home: Path
) -> None:
    dialog = LearnDialog(find_model("prostate-zones"))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.accept()
    assert dialog.isVisible()
    assert "Choose a worklist or a table" in dialog.problem.text()
    dialog.cases.line.setText(str(tmp_path / "none.csv"))
    dialog.accept()
    assert "There is no file" in dialog.problem.text()
    worklist = read_worklist(tmp_path / "list")
    dialog.cases.line.setText(str(worklist.path))
    assert dialog.reader.currentText() == "Anna"
    dialog.name.setText("Not A Name")
    dialog.accept()
    assert "small letters" in dialog.problem.text()
    dialog.name.setText("mine")
    dialog.folds.setValue(1)
    dialog.accept()
    assert "at least 2 parts" in dialog.problem.text()
    dialog.folds.setValue(0)
    dialog.steps.setValue(100)
    assert "About 1 minute on" in dialog.time.text()
    dialog.folds.setValue(9)
    assert "About 12 minutes on" in dialog.time.text()
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    wish = dialog.wish()
    assert (wish.reader, wish.name, wish.n_folds, wish.unlabelled) == ("Anna", "mine", 9, "off")


def test_a_model_learns_in_the_panel_goes_back_and_is_removed(
    panel: Any,  # noqa: F811
    qtbot: Any,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = written_cases(tmp_path / "cases", 2)
    wishes = [
        LearningWish(cases=table, name="mine", steps=1, n_folds=0),
        LearningWish(cases=table, name="mine", steps=1, n_folds=0),
    ]

    class Answered:
        def __init__(self, card: Any, _parent: Any) -> None:
            assert card.name == "prostate-zones"

        def exec(self) -> bool:
            return True

        def wish(self) -> LearningWish:
            return wishes.pop()

    monkeypatch.setattr(panels, "LearnDialog", Answered)
    for version in ("1", "2"):
        choose(panel, "prostate-zones")
        assert panel.more.learn.isEnabled()
        assert not panel.more.remove.isEnabled()
        panel.more.learn.trigger()
        qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
        assert f"mine {version} is ready" in panel.message.text()
        assert "not estimated" in panel.warnings.text()
        assert panel.chosen().card.full_name == f"mine {version}"
        assert panel.more.back.isEnabled() == (version == "2")
    panel.more.back.trigger()
    assert panel.chosen().card.full_name == "mine 1"
    assert not panel.more.back.isEnabled()
    asked: list[str] = []
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]

    def question(_parent: Any, _title: str, text: str) -> Any:
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "question", staticmethod(question))
    panel.more.remove.trigger()
    assert panel.chosen().card.name == "mine"
    panel.more.remove.trigger()
    assert "mine" not in {offered.card.name for offered in panel._offered}
    assert "cannot be undone" in asked[0]
    choose(panel, "lungs-ct")
    assert not panel.more.learn.isEnabled()
