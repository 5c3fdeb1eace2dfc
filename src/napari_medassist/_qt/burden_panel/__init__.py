"""The panel that measures opacities of the lungs."""
