"""Speaking to the window: what is made of utterances, their log, and the user's words."""
