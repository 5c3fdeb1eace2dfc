"""Pure numbers from masks; no files, no cases."""
