"""From two lesion sets to verdicts: the match graph, what a hit is, who is assigned to whom."""
