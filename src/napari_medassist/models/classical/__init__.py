"""Methods without a network, where they are as good."""
