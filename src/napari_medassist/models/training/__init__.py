"""Training of the bundled models: simulated images, losses, and a loop that goes on after a stop."""
