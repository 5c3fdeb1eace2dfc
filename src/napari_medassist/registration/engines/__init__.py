"""Other programs that align images, where they are installed: each in a process of its own."""
