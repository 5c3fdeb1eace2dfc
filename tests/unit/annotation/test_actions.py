"""Edits and their inverses."""

from __future__ import annotations

import pytest

from napari_medassist.annotation.actions import FindingEdit, Together
from napari_medassist.annotation.document import Document
from napari_medassist.core.errors import InvalidSetting

ADDED = FindingEdit("Add lesion", "a", None, {"name": "one", "pirads": 3})
CHANGED = FindingEdit("Change PI-RADS", "a", {"name": "one", "pirads": 3}, {"name": "one", "pirads": 4})


def test_an_edit_and_its_inverse_leave_the_document_as_it_was():
    document = Document()
    for action in (ADDED, CHANGED):
        action.apply_to(document)
    assert document.findings == {"a": {"name": "one", "pirads": 4}}
    for action in (CHANGED, ADDED):
        action.inverse().apply_to(document)
    assert document.findings == {}


def test_an_edit_is_refused_where_the_finding_is_not_as_it_was():
    document = Document(findings={"a": {"name": "other"}})
    with pytest.raises(InvalidSetting, match="Change PI-RADS"):
        CHANGED.apply_to(document)
    assert document.findings == {"a": {"name": "other"}}


def test_edits_together_are_done_whole_or_not_at_all():
    document = Document()
    broken = Together("Add two", (ADDED, ADDED))
    with pytest.raises(InvalidSetting):
        broken.apply_to(document)
    assert document.findings == {}


def test_the_inverse_of_edits_together_runs_backwards():
    document = Document()
    both = Together("Add and change", (ADDED, CHANGED))
    both.apply_to(document)
    both.inverse().apply_to(document)
    assert document.findings == {}
    assert both.n_bytes == ADDED.n_bytes + CHANGED.n_bytes > 0
