"""The tab "Voice": what is said is done at the cursor."""
