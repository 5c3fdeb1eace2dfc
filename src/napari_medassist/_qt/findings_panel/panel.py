"""The tab "Lesions": the table, the map of the sectors, and the form of the chosen lesion."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Labels
from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QActionGroup, QGuiApplication, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.findings_panel.form import FindingForm
from napari_medassist._qt.findings_panel.label_layers import LabelLayers
from napari_medassist._qt.findings_panel.measuring import Measuring
from napari_medassist._qt.findings_panel.model import FindingTable
from napari_medassist._qt.findings_panel.places import PlaceBox
from napari_medassist._qt.findings_panel.point_marks import PointMarks
from napari_medassist._qt.findings_panel.suggested import SuggestionBar
from napari_medassist._qt.findings_panel.view import FindingView
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import run_with_dialog
from napari_medassist.annotation.findings.parts import LesionRule
from napari_medassist.annotation.findings.template import Template
from napari_medassist.annotation.findings.template_reading import all_templates
from napari_medassist.app.acts import Act
from napari_medassist.app.browser.marks import user_name
from napari_medassist.app.findings.exchange import as_paragraph, read_csv, write_csv
from napari_medassist.app.findings.measures import measured_image, measured_image_title
from napari_medassist.app.findings.reporting import write_dicom
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.table import Row
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.models.prediction import Prediction

_TEMPLATE_KEY = "findings_template"


class FindingsPanel(QWidget):
    """The lesions of the open case.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    settings
        Which template was used last, and the reader's name.
    """

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__()
        self._bridge, self._settings = bridge, settings
        recording = bridge.recorder.recording
        self.store = FindingStore(recording, reader=lambda: settings.reader or user_name())
        self.templates, self._problems = all_templates()
        self.layers = LabelLayers(bridge, self._on_edit)
        self.measuring = Measuring(self.store, self.layers, bridge.session, self)
        self.template = self._first_template()
        self.model = FindingTable(self.store, self.template)
        self.table = FindingView(self.model)
        self.form, self.places = FindingForm(), PlaceBox()
        self.marks = PointMarks(bridge, self.store)
        self.suggestions = SuggestionBar(bridge, self.store, self.layers, self.table)
        self._awaited = ""
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self._connect()
        self._show_case(bridge.session.case)
        if self._problems:
            self.tell("\n".join(map(str, self._problems)))

    def tell(self, message: str) -> None:
        """Show a message in the panel's own line."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    # ---------------------------------------------------------------- acts

    def add_lesions(self) -> None:
        """Put the lesions of the chosen label map that are not in the table into it."""
        layer = self.labels.currentData()
        if not isinstance(layer, Labels):
            self.tell("There are no labels to take lesions from. Draw one in the tab Annotate.")
            return
        offered = self.measuring.look_for_lesions(layer, self._rule())
        if not offered:
            self.tell(f"All labels of '{layer.name}' are in the table already.")
            return
        names = self.measuring.names_of(layer)
        ids = self.store.add(offered, self.layers.key_of(layer), self.template.name, names)
        self.tell("")
        self.table.go_to(ids[0])
        self.table.setFocus()

    def remove_lesions(self) -> None:
        """Take the selected lesions out of the table; their masks stay."""
        chosen = self.table.chosen()
        self.store.remove(chosen)
        if chosen:
            self.tell("Removed; the masks stay. Ctrl-Z takes it back.")

    def select(self, finding: str) -> None:
        """Choose the row of a lesion; the view stays where it is."""
        with QSignalBlocker(self.table):
            self.table.go_to(finding)
        self._show_current()

    def take_suggestions(self, made: Prediction) -> bool:
        """Put the candidates of a model into the table; tell whether there are any."""
        self._show_layers()
        return self.suggestions.take(made, self.template.name)

    def export_csv(self, path: Path) -> None:
        """Write the table."""
        self._attempt(lambda: write_csv(self.store, self.template, path), f"Written: {path.name}")

    @shows_errors
    def export_dicom(self, path: Path) -> None:
        """Write the lesions of the chosen label map as DICOM segmentation and report."""
        layer = self.labels.currentData()
        if not isinstance(layer, Labels):
            raise InvalidSetting("No label map is open.")
        key, labels, case = self.layers.key_of(layer), self._bridge.labels_of(layer), self._case()
        written = run_with_dialog(
            "Writing DICOM",
            lambda _progress: write_dicom(self.store, self.template, key, labels, case, path),
            self,
        )
        told = f"Written: {written.segmentation.name} and {written.report.name}"
        self.tell("\n".join((told, *written.notes)))

    def import_csv(self, path: Path) -> None:
        """Add the lesions of a table to this one, as one step."""
        try:
            imported = read_csv(path, self.templates, self.store.next_number())
        except MedAssistError as error:
            self.tell(str(error))
            return
        self.store.add_findings(imported.findings, f"Import {len(imported.findings)} lesions")
        self.measuring.ask()
        told = f"{len(imported.findings)} lesions added from {path.name}."
        self.tell("\n".join((told, *imported.notes)))

    def copy_paragraph(self) -> None:
        """Put the table in words onto the clipboard."""
        QGuiApplication.clipboard().setText(as_paragraph(self.store, self.template))
        self.tell("The lesions are on the clipboard, in words.")

    def show_template(self, template: Template) -> None:
        """Show the columns and fields of a template; findings keep what they have."""
        self.template = template
        self.model.show_template(template, measured_image_title(measured_image(self._case())))
        self.form.show_template(template)
        self.places.show_template(template)
        self.table.fit_columns()
        self._show_current()

    # ---------------------------------------------------------------- slots

    def _choose_template(self, place: int) -> None:
        template = self.templates[place]
        self._settings.set_ui(_TEMPLATE_KEY, template.name)
        self.show_template(template)

    def _centre(self, finding: str) -> None:
        measured = self.store.measures.get(finding)
        # A lesion that is new has no centre yet: the view goes there when it was measured.
        self._awaited = finding if measured is None else ""
        if measured is not None and measured.centre_lps_mm is not None:
            self._bridge.centre_on(measured.centre_lps_mm)
        elif finding and (point := self.store.get(finding).point_lps_mm) is not None:
            self._awaited = ""
            self._bridge.centre_on(point)
        self._show_current()

    def _on_typed(self, name: str, text: str) -> None:
        finding = self.table.current()
        if not finding:
            return
        try:
            if name == "notes":
                self.store.set_text(finding, name, text)
            else:
                field = self.template.field(name)
                self.store.set_field(finding, name, field.title, field.parse(text))
            self.tell("")
        except MedAssistError as error:
            self.tell(str(error))
            self.form.refuse(name)
            self._show_current()

    def _on_place(self, location: object) -> None:
        finding = self.table.current()
        if finding:
            self.store.set_location(finding, location)  # type: ignore[arg-type]
            self._show_current()

    def _on_changed(self) -> None:
        had_none = self.model.rowCount() == 0
        self.model.refresh()
        if had_none or self.model.rowCount() == 1:
            self.table.fit_columns()
        self._show_current()
        self.suggestions.refresh()
        self.measuring.ask_for_new()

    def _on_measured(self) -> None:
        self.model.refresh()
        if self._awaited and self._awaited in self.store.measures:
            self._centre(self._awaited)
        if not self.store.stale:
            self.table.fit_columns()
        self._show_current()
        self._show_offer()

    def _on_edit(self, key: str) -> None:
        self.store.mark_stale(key)
        self.measuring.ask()

    def _show_current(self) -> None:
        finding = self.table.current()
        place = self.model.row_of(finding) if finding else None
        row: Row | None = None if place is None else self.model.row_at(place)
        self.form.show_row(row, measured_image_title(measured_image(self._case())))
        self.places.show_row(row)

    def _show_offer(self) -> None:
        layer = self.labels.currentData()
        n = len(self.measuring.offered(layer)) if isinstance(layer, Labels) else 0
        self.add.setText(f"Add {n} lesion{'' if n == 1 else 's'}" if n else "Add lesions")

    def _show_layers(self) -> None:
        self.layers.look()
        chosen = self.labels.currentData()
        layers = self.layers.lesion_layers()
        with QSignalBlocker(self.labels):
            self.labels.clear()
            for layer in layers:
                self.labels.addItem(layer.name, layer)
            self.labels.setCurrentIndex(layers.index(chosen) if chosen in layers else 0)
        self.suggestions.refresh()
        self.measuring.ask(rule=self._rule())

    def _look_soon(self) -> None:
        """Look at the layers once, after all of them have come."""
        self._layers_changed.start(0)

    def _show_case(self, _case: Case | None) -> None:
        self.show_template(self.template)
        self._show_layers()

    # ---------------------------------------------------------------- small ones

    def _case(self) -> Case | None:
        return self._bridge.session.case

    def _shown_template(self) -> Template:
        return self.template

    def _rule(self) -> LesionRule:
        checked = self.rules.checkedAction()
        return LesionRule.LABEL if checked is None else LesionRule(checked.text())

    def _first_template(self) -> Template:
        last = self._settings.ui(_TEMPLATE_KEY, "prostate-pirads")
        return next((t for t in self.templates if t.name == last), self.templates[0])

    def _attempt(self, act: object, told: str) -> None:
        try:
            act()  # type: ignore[operator]
        except MedAssistError as error:
            told = str(error)
        self.tell(told)

    def _ask_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export lesions", "lesions.csv", "CSV (*.csv)")
        if path:
            self.export_csv(Path(path))

    def _ask_dicom(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export lesions", "lesions.dcm", "DICOM (*.dcm)")
        if path:
            self.export_dicom(Path(path))

    def _ask_import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import lesions", "", "CSV (*.csv)")
        if path:
            self.import_csv(Path(path))

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        self.chooser = QComboBox()
        self.chooser.addItems([t.title for t in self.templates])
        self.chooser.setCurrentIndex(self.templates.index(self.template))
        self.chooser.setToolTip("The template: which columns the table has. You can write your own")
        top.addWidget(self.chooser, 1)
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setToolTip("Export, import, copy; what counts as one lesion")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.addAction("Export as CSV", self._ask_export)
        menu.addAction("Import from CSV", self._ask_import)
        menu.addAction("Export as DICOM SEG and SR", self._ask_dicom)
        menu.addAction("Copy as text for a report", self.copy_paragraph)
        menu.addSection("A lesion is")
        self.rules = QActionGroup(menu)
        for rule in LesionRule:
            action = menu.addAction(str(rule))
            action.setCheckable(True)
            action.setChecked(rule is LesionRule.LABEL)
            self.rules.addAction(action)
        self.more.setMenu(menu)
        top.addWidget(self.more)
        lower = QWidget()
        rows = QVBoxLayout(lower)
        rows.setContentsMargins(0, 0, 4, 0)
        rows.addWidget(self.places)
        rows.addWidget(self.form)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(lower)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.table)
        parts.addWidget(scroll)
        parts.setStretchFactor(0, 2)
        parts.setStretchFactor(1, 3)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(top)
        layout.addLayout(self._lesion_row())
        layout.addWidget(self.suggestions)
        layout.addWidget(parts, 1)
        layout.addWidget(self.message)

    def _lesion_row(self) -> QHBoxLayout:
        self.labels = QComboBox()
        self.labels.setToolTip("The label map that lesions are taken from")
        self.add = QPushButton("Add lesions")
        self.add.setToolTip("Put the lesions of the label map that are not in the table into it")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the selected lesions out of the table; their masks stay")
        row = QHBoxLayout()
        for widget, share in ((self.labels, 4), (self.add, 4), (self.remove, 3)):
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addWidget(widget, share)
        return row

    def _connect(self) -> None:
        self.chooser.activated.connect(self._choose_template)
        self.add.clicked.connect(lambda _checked: self.add_lesions())
        self.remove.clicked.connect(lambda _checked: self.remove_lesions())
        self.labels.currentIndexChanged.connect(lambda _place: self._show_offer())
        self.rules.triggered.connect(lambda _action: self.measuring.ask(rule=self._rule()))
        self.table.finding_chosen.connect(self._centre)
        self.model.refused.connect(self.tell)
        self.suggestions.told.connect(self.tell)
        self.form.typed.connect(self._on_typed)
        self.places.chosen.connect(self._on_place)
        self.store.changed.connect(self._on_changed)
        self.store.measured.connect(self._on_measured)
        self.measuring.offers_changed.connect(self._show_offer)
        self._bridge.session.case_changed.connect(self._show_case)
        self._layers_changed = QTimer(self)
        self._layers_changed.setSingleShot(True)
        self._layers_changed.timeout.connect(self._show_layers)
        self._bridge.layers_changed.connect(self._look_soon)
        acts = self._bridge.session.acts
        acts.offer(Act.TEMPLATE, self._shown_template)
        acts.offer(Act.GO_TO_LESION, self.table.go_to)
        acts.offer(Act.SELECT_LESION, self.select)
        acts.offer(Act.DECIDE, self.suggestions.decide_current)
        acts.offer(Act.STEP_CANDIDATES, self.suggestions.step)
        for keys, act in ((QKeySequence.StandardKey.Undo, self._bridge.recorder.undo),
                          (QKeySequence.StandardKey.Redo, self._bridge.recorder.redo)):  # fmt: skip
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
