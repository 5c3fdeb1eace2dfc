"""From a reference and a prediction to results: matching, cases, cohorts."""
