"""How the Compare tab stood: kept from one start to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_medassist.app.convention_choice import preset_of
from napari_medassist.evaluation.conventions import presets

if TYPE_CHECKING:
    from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel
    from napari_medassist.app.settings import Settings

_NAME = "compare_tab"


class PanelState:
    """Keeps and restores the state of a panel; what is not understood is left as it is.

    Parameters
    ----------
    panel
        The panel.
    settings
        What the window remembers; None remembers nothing.
    """

    def __init__(self, panel: EvaluationPanel, settings: Settings | None) -> None:
        self._panel, self._settings = panel, settings

    def keep(self) -> None:
        """Write the state to the user's settings, if it has changed."""
        panel = self._panel
        verdicts, session = panel.bridge.verdicts, panel.bridge.session
        state = {
            "settings_open": panel.settings.header.isChecked(),
            "outlines": verdicts.has_outlines,
            "hidden_classes": sorted(verdicts.hidden_classes),
            "preset": preset_of(session.convention).name,
        }
        if self._settings is not None and self._settings.ui(_NAME) != state:
            self._settings.set_ui(_NAME, state)

    def restore(self) -> None:
        """Bring the panel to how it stood; a cohort that is open keeps its own preset."""
        stored = None if self._settings is None else self._settings.ui(_NAME)
        if not isinstance(stored, dict):
            return
        verdicts, session = self._panel.bridge.verdicts, self._panel.bridge.session
        self._panel.settings.header.setChecked(stored.get("settings_open") is True)
        verdicts.set_outlines(outlines=stored.get("outlines") is True)
        hidden = stored.get("hidden_classes")
        for kind in self._panel.legend.buttons:
            verdicts.show_class(kind, shown=not (isinstance(hidden, list) and kind in hidden))
        preset = presets().get(str(stored.get("preset")))
        if preset is not None and session.cohort is None and session.comparison is None:
            session.set_convention(preset)
