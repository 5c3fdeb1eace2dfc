"""From sound to words, and from words to what is done."""
