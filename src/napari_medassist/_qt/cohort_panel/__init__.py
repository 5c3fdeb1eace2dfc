"""The cohort dock: table of cases, linked plots, the way through the errors."""
