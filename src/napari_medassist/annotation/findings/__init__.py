"""Findings: the lesion table, its templates and rules, and the sectors of the prostate."""
