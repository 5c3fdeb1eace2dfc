"""Annotating without a window: what the tools do, given their settings."""
