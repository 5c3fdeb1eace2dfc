"""Lesions over all cut-offs: scored candidates, curves, sweeps, operating points."""
