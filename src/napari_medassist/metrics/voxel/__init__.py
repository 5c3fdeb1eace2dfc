"""Voxel-level metrics, one file a metric; each holds a METRIC."""
