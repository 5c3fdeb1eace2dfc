"""The case: its series with role, eye and window; labels; warnings."""
