"""``hub demo``: the whole hub on a simulated business, in about a minute, without an account."""
