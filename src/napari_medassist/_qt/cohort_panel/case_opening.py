"""A case of the cohort comes into the viewer, in place of the one before."""

from __future__ import annotations

from collections.abc import Callable

from napari.layers import Image

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.painted import PaintedLabels, without_collecting
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.error_list import ErrorStep
from napari_medassist.app.browser.opened_case import OpenedCase
from napari_medassist.app.layer_data import CONFIDENCE_ROLES, link_of
from napari_medassist.core.geometry import Triple


class CaseOpening:
    """Opens cases: files in a thread, layers in the window, the comparison beside it.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    browser
        The cohort.
    runner
        Runs the reading.
    may_replace
        Asked before label maps that were painted on are closed.
    """

    def __init__(
        self,
        bridge: Bridge,
        browser: CohortBrowser,
        runner: Runner,
        may_replace: Callable[[], bool],
    ) -> None:
        self._bridge, self._browser, self._runner = bridge, browser, runner
        self._may_replace = may_replace
        self._painted = PaintedLabels(bridge)
        browser.opened.connect(self._show)
        browser.error_changed.connect(self._go_to)

    def open(self, case: str) -> None:
        """Open a case; what was painted in the one before is asked about first."""
        if case and (not self._painted.layers() or self._may_replace()):
            self._runner.start(self._browser.open_case(case))

    def _show(self, opened: OpenedCase | None) -> None:
        """Put the layers of a case where those of the former one were."""
        if opened is None:
            return
        bridge = self._bridge
        with without_collecting():
            layers = bridge.replace_case(opened.case, self._point_of_interest(opened.name))
        self._painted.follow(layers)
        if opened.reference is not None and opened.prediction is not None:
            bridge.comparer.start(opened.reference, opened.prediction, case=opened.name)
        else:  # no verdicts will lie in their place
            for layer in bridge.label_layers():
                layer.visible = True
        self._select_image()
        if not any(opened.images.volumes()) and opened.corners_lps_mm is not None:
            bridge.fit_to(opened.corners_lps_mm)

    def _select_image(self) -> None:
        """Select the image, or nothing: a brush must not land on a map that nobody chose."""
        viewer = self._bridge.viewer
        images = [
            layer for layer in self._bridge.layers(Image) if layer.visible and not _is_light(layer)
        ]
        viewer.layers.selection.clear()
        if images:
            viewer.layers.selection.active = images[0]

    def _go_to(self, step: ErrorStep) -> None:
        """Centre on an error; its case is opened first if it is not the open one."""
        if step.error is None:
            return
        if step.needs_opening:
            self.open(step.error.case)
        elif step.error.centroid_lps_mm is not None:
            self._bridge.centre_on(step.error.centroid_lps_mm)

    def _point_of_interest(self, case: str) -> Triple | None:
        """Return where to look first: the error that was stepped to, else any, else a lesion."""
        error = self._browser.error
        if error is None or error.case != case:
            error = self._browser.errors.next(case)
        if error is not None and error.case == case and error.centroid_lps_mm is not None:
            return error.centroid_lps_mm
        evaluation = self._browser.evaluation(case)
        lesions = () if evaluation is None else evaluation.lesions
        found = [n.centroid_lps_mm for n in lesions if n.centroid_lps_mm is not None]
        return found[0] if found else None


def _is_light(layer: Image) -> bool:
    """Tell whether a layer shows confidences over the images."""
    link = link_of(layer.metadata)
    return link is not None and getattr(link.image, "role", "") in CONFIDENCE_ROLES
