"""Simulated images over real anatomy, after the idea of SynthSeg (Billot et al., 2023)."""
