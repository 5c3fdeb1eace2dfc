"""From masks and maps to lesions, under an extraction rule."""
