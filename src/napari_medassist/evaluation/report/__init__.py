"""A report of a cohort as one HTML file: values in, text out; no file is read and no image either."""
