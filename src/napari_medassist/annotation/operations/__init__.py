"""Edits of label maps as functions of arrays and spacing: each returns only what changes."""
