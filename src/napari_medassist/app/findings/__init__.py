"""The lesion table without a window: store, measures, rows, and what leaves the program."""
