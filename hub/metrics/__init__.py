"""Numbers with interval, n, population and definition version, kept as snapshots."""
