"""Clips in the window, without Qt: the labels of a clip, and which frame is due while it plays."""
