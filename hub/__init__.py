"""cxhub: one customer, across every system, provably."""

__version__ = "0.1.0"
