"""The report of a cohort: gathers results, files and pictures, and writes one HTML page or PDF."""
