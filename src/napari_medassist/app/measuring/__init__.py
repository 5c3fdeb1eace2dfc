"""Measure on images: lengths, angles, what an image says within a region, sizes of a lesion."""
