"""The panel of models: what fits the case, its card, one button."""
