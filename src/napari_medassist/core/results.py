"""What an evaluation returns."""
