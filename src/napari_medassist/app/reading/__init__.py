"""Reading a list of cases: who has read what, blinded, and what becomes of two readings."""
