"""Other thresholds and rules on match graphs that are known: one case, or a cohort at once."""
