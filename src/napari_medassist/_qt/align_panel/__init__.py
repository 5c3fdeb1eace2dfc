"""The panel that aligns two images."""
