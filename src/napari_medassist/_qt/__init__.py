"""The only Qt and napari code."""
