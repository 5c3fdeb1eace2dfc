"""Recognisers of the phrases of a grammar."""
