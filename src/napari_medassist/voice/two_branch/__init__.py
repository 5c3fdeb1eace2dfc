"""A network that labels a frame from its picture and from what was said of it, or from one of both."""
