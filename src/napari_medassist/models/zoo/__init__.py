"""The models: one card a file."""
