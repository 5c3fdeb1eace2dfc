"""Small cases made of boxes, with the numbers that they must give.

Volume (z, y, x) = (20, 40, 40) at 1 mm. A box is (z, y, x) half-open ranges, and for predictions a
probability. The expected numbers were worked out by separate programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

SHAPE_ZYX = (20, 40, 40)
SPACING_ZYX_MM = (1.0, 1.0, 1.0)

Range = tuple[int, int]
Box = tuple[Range, Range, Range]


@dataclass(frozen=True)
class GoldenCase:
    name: str
    reference: tuple[Box, ...]
    prediction: tuple[tuple[Box, float], ...]
    dice: float
    hd_mm: float
    hd95_mm: float
    #: tp_reference, fn, tp_prediction, fp at a share of 0.1
    counts: tuple[int, int, int, int]
    reference_fractions: tuple[float, ...]
    prediction_fractions: tuple[float, ...]
    #: is a lesion, confidence, IoU; from picai_eval 1.4.13
    picai: tuple[tuple[int, float, float], ...]
    #: without the rule on small lesions
    brats_dice: float
    cc_dice: float
    #: at an IoU of 0.5, and of 0.1
    pq: tuple[float, float]

    def reference_mask(self) -> np.ndarray:
        return _filled([(box, 1.0) for box in self.reference]) > 0

    def probability(self) -> np.ndarray:
        return _filled(self.prediction)

    def detection_map(self) -> np.ndarray:
        return _filled(self.prediction)

    def prediction_mask(self, cut_off: float = 0.3) -> np.ndarray:
        return self.probability() >= cut_off


def _filled(boxes: list[tuple[Box, float]] | tuple[tuple[Box, float], ...]) -> np.ndarray:
    volume = np.zeros(SHAPE_ZYX)
    for box, value in boxes:
        volume[tuple(slice(*r) for r in box)] = value
    return volume


def _cube(start: int, stop: int) -> Box:
    return ((start, stop),) * 3


CASES = (
    GoldenCase(
        name="merge: one prediction over two lesions",
        reference=(_cube(5, 11), ((5, 11), (5, 11), (20, 26))),
        prediction=((((5, 11), (5, 11), (5, 26)), 0.8),),
        dice=0.7273,
        hd_mm=5,
        hd95_mm=4,
        counts=(2, 0, 1, 0),
        reference_fractions=(1, 1),
        prediction_fractions=(0.5714,),
        picai=((1, 0.8, 0.2857), (1, 0, 0)),
        brats_dice=0.4444,
        cc_dice=0.7279,
        pq=(0, 0.1905),
    ),
    GoldenCase(
        name="split: two predictions on one lesion",
        reference=(((5, 11), (5, 11), (5, 25)),),
        prediction=((_cube(5, 11), 0.9), (((5, 11), (5, 11), (17, 23)), 0.6)),
        dice=0.75,
        hd_mm=3,
        hd95_mm=3,
        counts=(1, 0, 2, 0),
        reference_fractions=(0.6,),
        prediction_fractions=(1, 1),
        picai=((1, 0.9, 0.3),),
        brats_dice=0.75,
        cc_dice=0.75,
        pq=(0, 0.2),
    ),
    GoldenCase(
        name="a good Dice that hides a missed and a false lesion",
        reference=(_cube(4, 16), ((8, 11), (30, 33), (30, 33))),
        prediction=((((4, 16), (4, 16), (5, 17)), 0.95), (((8, 12), (4, 8), (30, 34)), 0.4)),
        dice=0.8931,
        hd_mm=23.345,
        hd95_mm=15.850,
        counts=(1, 1, 1, 1),
        reference_fractions=(0.9167, 0),
        prediction_fractions=(0.9167, 0),
        picai=((1, 0.95, 0.8462), (1, 0, 0), (0, 0.4, 0)),
        brats_dice=0.3056,
        cc_dice=0.45,
        pq=(0.4231, 0.4231),
    ),
    GoldenCase(
        name="no lesion, one predicted",
        reference=(),
        prediction=((_cube(5, 8), 0.5),),
        dice=0,
        hd_mm=nan,
        hd95_mm=nan,
        counts=(0, 0, 0, 1),
        reference_fractions=(),
        prediction_fractions=(0,),
        picai=((0, 0.5, 0),),
        brats_dice=0,
        cc_dice=0,
        pq=(0, 0),
    ),
    GoldenCase(
        name="no lesion, none predicted",
        reference=(),
        prediction=(),
        dice=nan,
        hd_mm=nan,
        hd95_mm=nan,
        counts=(0, 0, 0, 0),
        reference_fractions=(),
        prediction_fractions=(),
        picai=(),
        brats_dice=1,
        cc_dice=1,
        pq=(nan, nan),
    ),
    GoldenCase(
        name="shifted by 8 voxels",
        reference=(_cube(4, 14),),
        prediction=((((4, 14), (4, 14), (12, 22)), 0.7),),
        dice=0.2,
        hd_mm=8,
        hd95_mm=8,
        counts=(1, 0, 1, 0),
        reference_fractions=(0.2,),
        prediction_fractions=(0.2,),
        picai=((1, 0.7, 0.1111),),
        brats_dice=0.2,
        cc_dice=0.2,
        pq=(0, 0.1111),
    ),
)

#: Cut-off -> tp_reference, fn, tp_prediction, fp over all cases at a share of 0.1.
POOLED_COUNTS = {
    0.30: (5, 1, 5, 2),
    0.45: (5, 1, 5, 1),
    0.65: (5, 1, 4, 0),
    0.75: (4, 2, 3, 0),
    0.85: (2, 4, 2, 0),
    0.92: (1, 5, 1, 0),
}
