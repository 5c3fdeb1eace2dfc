"""What a caller hands over, checked, and the masks that follow from it."""
