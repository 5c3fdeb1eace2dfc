"""Results as rows and plain values, and the way back."""
