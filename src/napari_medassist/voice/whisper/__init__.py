"""Whisper's decoder, opened up so that given phrases can be scored against what was said."""
