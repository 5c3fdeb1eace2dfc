"""The tab "Annotate": tools, operations on labels, measurements."""
