"""Predicted customer value: how often somebody will buy again, and for how much."""
