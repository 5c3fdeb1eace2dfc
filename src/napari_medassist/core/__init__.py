"""Geometry, volumes, labels, cases, results: the types that all layers share; numpy only."""
