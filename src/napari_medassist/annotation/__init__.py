"""What an annotator makes of a case: label maps and findings, every edit with its inverse."""
