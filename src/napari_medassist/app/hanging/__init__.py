"""Hanging protocols without a window: which series is shown where, along which plane."""
