"""Alignment of images: methods, resampling, and how far a result may be believed."""
