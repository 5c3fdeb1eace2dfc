"""Models: weights that are checked before they are read, and where they come from."""
