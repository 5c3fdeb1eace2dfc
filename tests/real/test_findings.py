"""The lesion table on real label maps, against SimpleITK and plain numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.parts import LesionRule, lesions_in
from napari_medassist.annotation.findings.placing import zoned_gland
from napari_medassist.annotation.findings.sectors import BY_KEY
from napari_medassist.app.findings.measures import measure, measure_all
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import read, read_labels

pytestmark = pytest.mark.real
#: The first 20 cases that have a lesion.
CASES = [
    "10012_1000012",
    "10019_1000019",
    "10021_1000021",
    "10032_1000032",
    "10036_1000036",
    "10043_1000043",
    "10050_1000050",
    "10053_1000053",
    "10059_1000059",
    "10074_1000074",
    "10078_1000078",
    "10085_1000085",
    "10094_1000094",
    "10106_1000106",
    "10110_1000110",
    "10112_1000112",
    "10121_1000121",
    "10132_1000134",
    "10134_1000136",
    "10140_1000142",
]


def _findings(labels: LabelMap) -> tuple[Finding, ...]:
    store = FindingStore()
    found = lesions_in(np.asarray(labels.array), labels.geometry, LesionRule.PART)
    store.add(found, "human", "prostate-pirads", {})
    return store.findings()


def test_sizes_and_zones_of_real_lesions(real_data: Path) -> None:
    folder = real_data / "picai_labels"
    sides = n_clear = n_lesions = 0
    for number, case in enumerate(CASES):
        name = f"{case}.nii.gz"
        labels = read_labels(folder / "human" / name)
        # The zones of every other case: to place lesions takes longer than to measure them.
        zones = None if number % 2 else read_labels(folder / "zones" / name)
        findings = _findings(labels)
        measures = measure_all(findings, {"human": labels}, None, zones)
        image = sitk.ReadImage(str(folder / "human" / name))
        theirs = _by_simpleitk(image)
        assert len(theirs) == len(findings)
        ours = sorted((m.volume_ml, m.diameter_3d_mm, m.axial_mm) for m in measures.values())
        diagonal = float(np.linalg.norm(image.GetSpacing()))
        for (volume, longest, axial), (their_volume, feret) in zip(ours, theirs, strict=True):
            assert volume == pytest.approx(their_volume, rel=1e-5)
            # SimpleITK's runs from centre to centre of voxels, ours from corner to corner.
            assert feret - 1e-3 <= longest <= feret + diagonal + 1e-3
            assert axial <= longest + 1e-9
        if zones is None:
            continue
        for finding in findings:
            n_lesions += 1
            side, zone = _by_numpy(finding, labels, zones)
            placed = measures[finding.id].placed
            assert placed is not None
            assert placed.sectors
            main = BY_KEY[placed.keys[0]]
            sides += placed.side in (side, "midline")
            told_outside = any("outside of the zone map" in note for note in placed.notes)
            assert told_outside or sum(share for _, share in placed.sectors) >= 0.5
            if placed.sectors[0][1] > 0.5:  # then most voxels are of its zone, whatever the others are
                n_clear += 1
                assert main.part[:2] == zone, case
    assert n_lesions >= len(CASES) // 2
    assert sides / n_lesions > 0.95
    assert n_clear >= 3


def _by_simpleitk(image: sitk.Image) -> list[tuple[float, float]]:
    """Return volume (ml) and Feret diameter (mm) of the parts of each label, by volume."""
    found = []
    values = np.unique(sitk.GetArrayFromImage(image))
    for value in values[values > 0]:
        parts = sitk.ConnectedComponent(image == int(value), True)
        shapes = sitk.LabelShapeStatisticsImageFilter()
        shapes.ComputeFeretDiameterOn()
        shapes.Execute(parts)
        found += [(shapes.GetPhysicalSize(n) / 1000, shapes.GetFeretDiameter(n))
                  for n in shapes.GetLabels()]  # fmt: skip
    return sorted(found)


def _by_numpy(finding: Finding, labels: LabelMap, zones: LabelMap) -> tuple[str, str]:
    """Return the side by the centres along the patient's left, and the zone that most voxels have."""
    from scipy.ndimage import label

    grid = labels.geometry
    numbered, _ = label(np.asarray(labels.array) == finding.label, np.ones((3, 3, 3)))
    assert finding.anchor_lps_mm is not None
    index = tuple(np.rint(grid.lps_to_index(finding.anchor_lps_mm)).astype(int))
    lesion = numbered == numbered[index]
    gland = grid.index_to_lps(np.argwhere(np.asarray(zones.array) > 0)).mean(axis=0)
    centre = grid.index_to_lps(np.argwhere(lesion)).mean(axis=0)
    inside = np.asarray(zones.array)[lesion]
    inside = inside[inside > 0]
    zone = "" if not inside.size else ("PZ", "TZ")[int(np.bincount(inside).argmax()) - 1]
    return ("left" if centre[0] > gland[0] else "right"), zone


@pytest.mark.parametrize("zones_of", ["Yuan23", "HeviAI23"])
def test_the_lesion_of_prostatex_0000(real_data: Path, zones_of: str) -> None:
    folder = real_data / "prostatex"
    labels = read_labels(folder / "labels" / "ProstateX-0000_human.nii.gz")
    zones = read_labels(folder / "labels" / f"ProstateX-0000_zones_{zones_of}.nii.gz")
    (finding,) = _findings(labels)
    assert finding.label == 3
    adc = read(folder / "ProstateX-0000").by_role("adc")
    measured = measure(finding, labels, adc, zoned_gland(zones))  # type: ignore[arg-type]
    side, zone = _by_numpy(finding, labels, zones)
    placed = measured.placed
    assert placed is not None
    assert placed.side == side
    assert BY_KEY[placed.keys[0]].part.startswith(zone)
    assert measured.mean is not None
    assert 300 < measured.mean < 1500
    assert measured.mean_unit == "um2/s"
