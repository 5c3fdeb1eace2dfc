"""Use cases without Qt: the session, jobs, settings, layer data."""
