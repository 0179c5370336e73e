"""Schema revisions, forward only."""
