"""What lies in the folder that the other program works in."""

from __future__ import annotations

#: The images, and the list of maps that it leaves: fields as images of vectors (LPS mm), linear maps as
#: 4x4 matrices in text (LPS mm), in the order in which they are applied to points of the fixed image.
FIXED, MOVING, FOUND = "fixed.nii.gz", "moving.nii.gz", "found.json"
