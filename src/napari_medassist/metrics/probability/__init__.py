"""Metrics from probabilities, one file a metric; each holds a METRIC."""
