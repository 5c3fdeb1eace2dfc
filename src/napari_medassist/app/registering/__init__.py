"""Registration as a user's act: align two images, measure what came out, judge it, keep it."""
