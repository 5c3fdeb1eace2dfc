"""One file a format; each holds a FORMAT."""
