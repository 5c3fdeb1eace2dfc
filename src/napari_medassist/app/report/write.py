"""Write the report of some results: the use case behind the button and the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_medassist import __version__
from napari_medassist.app.browser.case_files import ImageIndex, zones_of
from napari_medassist.app.report.gallery import PictureSources, gallery_of
from napari_medassist.app.report.identifiers import names_in_report
from napari_medassist.app.report.marks import reader_marks
from napari_medassist.app.report.pdf import print_to_pdf, require_browser
from napari_medassist.app.report.provenance import inputs_of
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.core.progress import Progress, silent
from napari_medassist.evaluation.report.build import Extras, build
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Report
from napari_medassist.evaluation.report.page import render
from napari_medassist.io.atomic import replacing

N_PICTURES = 24


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What goes into a report.

    Parameters
    ----------
    title
        What stands at the top.
    images
        Images of the cases, shown below the outlines: a folder or a pattern, found by case name.
    zones
        Zone maps, shown where there is no image: a folder or a pattern.
    n_pictures
        Pictures of the gallery at most.
    with_identifiers
        Whether names that come from DICOM are told.
    """

    title: str = "Evaluation report"
    images: str | Path | None = None
    zones: str | Path | None = None
    n_pictures: int = N_PICTURES
    with_identifiers: bool = False


def write_report(
    source: ReportSource,
    out: str | Path,
    options: ReportOptions | None = None,
    *,
    pdf: str | Path | None = None,
    progress: Progress = silent,
) -> Path:
    """Write a report as one HTML file, and as PDF if wished, each whole or not at all.

    Parameters
    ----------
    source
        The results.
    out
        The HTML file.
    options
        Title, images and so on.
    pdf
        A PDF file to print the page to.
    progress
        Told how far it has come; may raise ``Cancelled``, then nothing is written.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    FileProblem
        If a place of images or zones does not exist.
    InvalidSetting
        If several models cannot be compared with each other.
    WriteFailed
        If a file cannot be written.
    MedAssistError
        If a PDF is asked for and there is no browser to print it.
    """
    if pdf is not None:
        require_browser()
    page = render(gather(source, options or ReportOptions(), progress=progress))
    path = Path(out).expanduser()
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    if pdf is not None:
        print_to_pdf(path, Path(pdf).expanduser())
    return path


def gather(source: ReportSource, options: ReportOptions, *, progress: Progress = silent) -> Report:
    """Return all that a report says; errors are those of :func:`write_report`."""
    pictures = PictureSources(ImageIndex.of(options.images), zones_of(options.zones))
    cases = {case.case for model in source.models for case in model.cohort.cases}
    images = {case: pictures.images.images_of(case) for case in cases} if options.images else {}
    names = names_in_report(source.models, images, with_identifiers=options.with_identifiers)
    columns = [ModelColumns.of(m.name, m.cohort, m.scored) for m in source.models]
    gallery, note = gallery_of(
        source.models, columns, names, pictures, n_pictures=options.n_pictures, progress=progress
    )
    inputs = inputs_of(source, names, with_identifiers=options.with_identifiers, progress=progress)
    return build(
        columns,
        Extras(
            title=options.title,
            names=names,
            inputs=inputs,
            gallery=gallery,
            gallery_note=note,
            rankings=source.rankings,
            marks=reader_marks(source.marks),
            version=__version__,
        ),
    )
