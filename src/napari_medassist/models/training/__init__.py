"""Training of the bundled models: simulated images, losses, and a loop that can be stopped and go on."""
