"""Spoken commands, one a module: each holds its ``CommandSpec`` as ``COMMAND``."""
