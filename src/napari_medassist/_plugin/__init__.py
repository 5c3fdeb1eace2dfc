"""What napari.yaml names: readers, writers, samples, commands; no napari import."""
