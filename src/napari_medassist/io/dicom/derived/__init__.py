"""What was made of images: segmentations, structure sets and reports, read and written."""
