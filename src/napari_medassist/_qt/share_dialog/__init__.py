"""The dialog that writes a copy of the open case without what identifies the patient."""
