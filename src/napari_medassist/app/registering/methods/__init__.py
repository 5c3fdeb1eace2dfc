"""Methods of registration that need a bundled network; each module holds its ``METHOD``."""
