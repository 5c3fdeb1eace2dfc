"""Linked views of one case around the canvas of napari."""
