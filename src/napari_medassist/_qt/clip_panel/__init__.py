"""The tab "Clip": play an ultrasound clip, label ranges of frames, draw masks."""
