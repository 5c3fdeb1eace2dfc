"""The verdict of an alignment: a light, what it means, and its reasons."""

from __future__ import annotations

from html import escape

from qtpy.QtWidgets import QLabel, QTextBrowser, QVBoxLayout, QWidget

from napari_medassist.app.registering.verdict import Light, Verdict

#: Told apart with colour-blindness too, and by their words.
_COLOURS = {Light.GREEN: "#2ca089", Light.YELLOW: "#e0a030", Light.RED: "#e0503c"}
_SIGNS = {
    Light.GREEN: "\N{CHECK MARK}",
    Light.YELLOW: "\N{WARNING SIGN}",
    Light.RED: "\N{MULTIPLICATION X}",
}


class VerdictView(QWidget):
    """Shows whether to believe an alignment, and why."""

    def __init__(self) -> None:
        super().__init__()
        self.light, self.reasons = QLabel(), QTextBrowser()
        self.light.setWordWrap(True)
        self.reasons.setOpenLinks(False)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.light)
        rows.addWidget(self.reasons, 1)
        self.show_verdict(None)

    def show_verdict(self, verdict: Verdict | None, notes: tuple[str, ...] = ()) -> None:
        """Show a verdict, and what else is to be told; None for none."""
        if verdict is None:
            self.light.setText("")
            self.light.setStyleSheet("")
            self.reasons.setHtml("")
            return
        light = verdict.light
        self.light.setText(f"{_SIGNS[light]} {str(light).capitalize()}: {light.in_words}")
        self.light.setStyleSheet(
            f"background: {_COLOURS[light]}; color: black; font-weight: bold; padding: 5px;"
            "border-radius: 3px;"
        )
        lines = [
            f'<p style="margin:3px"><span style="color:{_COLOURS[reason.light]}">'
            f"{_SIGNS[reason.light]}</span> {escape(reason.text)}</p>"
            for reason in verdict.reasons
        ]
        lines += [f'<p style="margin:3px">{escape(note)}</p>' for note in notes]
        self.reasons.setHtml("".join(lines))
