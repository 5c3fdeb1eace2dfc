"""Cohorts: which files belong together, comparing them side by side, and the tables that come of it."""
