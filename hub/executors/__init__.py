"""On which engine scheduled runs are executed."""
