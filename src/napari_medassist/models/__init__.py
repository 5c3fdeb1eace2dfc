"""Models: weights that are checked before they are read, and how networks are trained."""
