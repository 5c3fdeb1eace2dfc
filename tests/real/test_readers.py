"""Human and AI label maps of PI-CAI as two readers: adjudicated, checked against numpy and scipy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from napari_medassist.annotation.adjudication import Choice
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.agreement import agreement, difference_map, readers_consensus
from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.lesion_pairs import PairKind
from napari_medassist.app.reading.readings import Reading
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.app.reading.worklist import open_worklist
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.io.files import read_labels

pytestmark = pytest.mark.real
N_CASES = 12


def cases_with_both(picai: Path) -> list[str]:
    """Return the first cases in which the human and the AI have a lesion."""
    found = []
    for path in sorted((picai / "human").glob("*.nii.gz")):
        ai = picai / "ai" / path.name
        if not ai.is_file():
            continue
        if all(sitk.GetArrayFromImage(sitk.ReadImage(str(p))).any() for p in (path, ai)):
            found.append(path.name)
        if len(found) == N_CASES:
            break
    return found


@pytest.fixture(scope="module")
def picai(real_data: Path) -> Path:
    return real_data / "picai_labels"


@pytest.fixture(scope="module")
def names(picai: Path) -> list[str]:
    found = cases_with_both(picai)
    assert len(found) == N_CASES
    return found


def arrays(picai: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return both label maps in canonical order, as the files of the package are read."""
    return tuple(np.asarray(read_labels(picai / side / name).array) for side in ("human", "ai"))  # type: ignore[return-value]


def test_lesions_are_scipys_and_choices_numpys(picai: Path, names: list[str]) -> None:
    kinds = set()
    for name in names:
        human, ai = (read_labels(picai / side / name) for side in ("human", "ai"))
        a, b = np.asarray(human.array), np.asarray(ai.array)
        found = Adjudication(name, ("human", "ai"), human, ai, "Carla", MEDASSIST)
        regions = np.zeros(a.shape, int)
        for pair in found.pairs:
            kinds.add(pair.kind)
            regions[pair.lesion.box][pair.lesion.region] = pair.lesion.number
        np.testing.assert_array_equal(regions > 0, (a > 0) | (b > 0))
        # A component of either reader lies in one contested lesion as a whole.
        for labels in (a, b):
            for value in np.unique(labels[labels > 0]):
                parts, n = ndimage.label(labels == value, np.ones((3, 3, 3)))
                for part in range(1, n + 1):
                    assert len(np.unique(regions[parts == part])) == 1
        for choice, expected in (
            (Choice.UNION, (a > 0) | (b > 0)),
            (Choice.INTERSECTION, (a > 0) & (b > 0)),
            (Choice.REJECT, a < 0),
        ):
            voxels = np.array(found.empty_map().array)
            for pair in found.pairs:
                found.decide(pair.lesion.number, choice, voxels).apply_to(voxels)
            np.testing.assert_array_equal(voxels > 0, expected)
        voxels = np.array(found.empty_map().array)
        for pair in found.pairs:  # whoever has it; where both have, the human
            choice = Choice.FIRST if pair.lesion.first_ids else Choice.REJECT
            found.decide(pair.lesion.number, choice, voxels).apply_to(voxels)
        np.testing.assert_array_equal(voxels, a)
        while found.can_undo:
            found.undo(voxels).apply_to(voxels)
        assert not voxels.any()
    assert {PairKind.AGREED, PairKind.EXTENT} <= kinds


def test_agreement_difference_and_consensus(picai: Path, names: list[str]) -> None:
    for name in names[:4]:
        human, ai = (read_labels(picai / side / name) for side in ("human", "ai"))
        a, b = np.asarray(human.array), np.asarray(ai.array)
        both = (a > 0) & (b > 0)
        found = agreement(human, ai, MEDASSIST)
        assert found.dice == pytest.approx(2 * both.sum() / ((a > 0).sum() + (b > 0).sum()))
        difference = np.asarray(difference_map(human, ai).array)
        np.testing.assert_array_equal(difference == 1, (a > 0) & (b == 0))
        shared = readers_consensus([human, ai], ["human", "ai"], "intersection").labels
        np.testing.assert_array_equal(np.asarray(shared.array) > 0, (a > 0) & (a == b))


def test_two_readers_of_a_worklist(picai: Path, names: list[str], tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    rows = [f"{name[:5]},{picai / 'zones' / name}" for name in names[:2]]
    table.write_text("case,path\n" + "\n".join(rows) + "\n")
    case = names[0][:5]
    for reader, side in (("Human", "human"), ("AI", "ai")):
        room = ReadingRoom(reader)
        room.set_worklist(open_worklist(table, blinded=True))
        room.open_case(case).run_here()
        assert room.readers_of(case) == ()
        labels = read_labels(picai / side / names[0]).with_changes(name="Lesions")
        room.keep((labels,), status=Status.DONE)
    assert room.readers_of(case) == ("AI", "Human")
    images = room.open_case(case).run_here().images
    first, second = (room.read_of(case, reader, images) for reader in ("Human", "AI"))
    assert isinstance(first, Reading)
    a, b = arrays(picai, names[0])
    np.testing.assert_array_equal(first.maps[0].array, a)
    np.testing.assert_array_equal(second.maps[0].array, b)
    assert images is not None
    assert first.maps[0].geometry.is_same_grid(images.labels[0].geometry)
