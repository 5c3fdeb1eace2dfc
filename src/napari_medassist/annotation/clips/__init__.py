"""Labels of ultrasound and endoscopy clips: ranges of frames, and masks frame by frame."""
