"""The tab "Worklist": cases to be read, one after the other."""
