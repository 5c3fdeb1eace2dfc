"""How the cohort dock stood: columns, order, sizes and axes, kept from one start to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_medassist._qt.cohort_panel.case_view import DEFAULT_COLUMNS
from napari_medassist.core.errors import UnknownItem

if TYPE_CHECKING:
    from napari_medassist._qt.cohort_panel.panel import CohortPanel

_NAME = "cohort_dock"


class PanelState:
    """Keeps and restores the state of a panel; what is not understood is left as it is.

    Parameters
    ----------
    panel
        The panel.
    """

    def __init__(self, panel: CohortPanel) -> None:
        self._panel = panel
        self._order: Any = None

    def keep(self) -> None:
        """Write the state to the user's settings."""
        panel = self._panel
        panel.settings.set_ui(
            _NAME,
            {
                "columns": list(panel.columns),
                "widths": panel.view.widths(),
                "order": [panel.browser.sort_column, panel.browser.is_descending],
                "splitter": panel.splitter.sizes(),
                "plots": panel.plots.state(),
            },
        )

    def restore(self) -> None:
        """Bring the panel to how it stood."""
        stored = self._panel.settings.ui(_NAME)
        if not isinstance(stored, dict):
            return
        panel = self._panel
        columns, widths, sizes = (stored.get(name) for name in ("columns", "widths", "splitter"))
        if isinstance(columns, list) and columns:
            panel.columns = tuple(map(str, columns))
        else:
            panel.columns = DEFAULT_COLUMNS
        if isinstance(widths, dict):
            panel.view.set_widths({str(n): w for n, w in widths.items() if isinstance(w, int)})
        if isinstance(sizes, list) and all(isinstance(size, int) for size in sizes) and any(sizes):
            panel.splitter.setSizes(sizes)
        panel.plots.restore(stored.get("plots"))
        self._order = stored.get("order")

    def restore_order(self, _model: str = "") -> None:
        """Sort the first cohort that is opened as the last one was."""
        match self._order:
            case [str(column), bool(descending)]:
                self._order = None
                try:
                    self._panel.browser.sort(column, descending=descending)
                except UnknownItem:  # a column of another cohort
                    return
