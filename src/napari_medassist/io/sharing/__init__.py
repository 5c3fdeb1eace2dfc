"""Copies of a case without what identifies the patient, for sharing."""
