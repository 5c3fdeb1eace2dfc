"""The tab "Adjudicate": two readings of a case become one, lesion by lesion."""
