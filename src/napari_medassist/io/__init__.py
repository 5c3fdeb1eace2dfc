"""Files: reading studies, assembling cases, writing label maps."""
