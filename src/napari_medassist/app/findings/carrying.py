"""Findings that are kept outside of a session, where label maps are known by their names."""

from __future__ import annotations

from collections.abc import Mapping

from napari_medassist.annotation.document import Plain

_MAP = "map"


def with_maps(
    findings: Mapping[str, Mapping[str, Plain]], names: Mapping[str, str]
) -> dict[str, dict[str, Plain]]:
    """Return findings with another word for the label map that each belongs to.

    Parameters
    ----------
    findings
        Findings by id, plain values.
    names
        What each label map is called now -> what it shall be called; others stay as they are.
    """
    return {
        key: {**plain, _MAP: names.get(str(plain.get(_MAP, "")), plain.get(_MAP, ""))}
        for key, plain in findings.items()
    }
