"""A model learns from the cases that were labelled here."""
