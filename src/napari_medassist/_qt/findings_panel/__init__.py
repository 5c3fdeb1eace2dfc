"""The tab "Lesions": the table of findings, its form, and the map of the sectors."""
