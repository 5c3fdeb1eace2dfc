"""Networks, as PyTorch modules."""
