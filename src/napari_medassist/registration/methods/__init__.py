"""One method of registration a module; each holds its ``METHOD``."""
