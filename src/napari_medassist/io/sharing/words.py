"""Words of descriptions that speak of the imaging and of nobody."""

from __future__ import annotations

import re

_WORDS = """
pd pdw proton density flair mprage fl2d fl3d flip scan advdiff 3scan 4bval wip sl deg t1 t1w t2
t2w tse fse tfe ffe gre se epi ep2d spair stir dixon vibe space haste blade propeller t2tsetra tra
sag cor ax axial sagittal coronal obl transversal diff dwi dw adc map trace calc bval b bvalue
background exp high low calculated calcbval dyn dce dynamic dyndist dyndistadc dyndistcalcbval
dist twist perf pre post contrast arterial venous portal delayed native mr mri mpmr ct us pet
prostate liver lung thorax abdomen pelvis chest head brain torso segmentation segmentations seg
structures measurements label labels lesion lesions zone zones gland mask pz tz tumor tumour human
ai phantom enhanced 2d 3d fs fatsat tt phase time value isup
"""
_KNOWN = frozenset(_WORDS.split())
_SEPARATORS = re.compile(r"(?:[\s_\-/\\,;:()=+]|(?<!\d)\.|\.(?!\d))+")
#: Longer numbers might be a patient's.
_VALUES = re.compile(
    r"b\d{1,4}|\d{1,2}|\d{1,4}(?:\.\d+)?(?:s|ms|mm)|\d{0,3}b?calc|rads|pi", re.IGNORECASE
)
_LABEL_VALUE = re.compile(r"Label value \d{1,5}")


def known_words(text: str) -> str:
    """Return the words of a text that are known imaging words or short numbers, without all others.

    Examples
    --------
    >>> known_words("t2_tse_tra Meier")
    't2 tse tra'
    """
    if _LABEL_VALUE.fullmatch(text):  # how segments written here say which value they had
        return text
    words = [word for word in _SEPARATORS.split(text) if word]
    if not any(word.lower() in _KNOWN for word in words):
        return ""  # numbers alone might be someone's number
    return " ".join(w for w in words if w.lower() in _KNOWN or _VALUES.fullmatch(w))
