"""A help desk in files: what hub.toml says of its customers, and of their answers."""

from __future__ import annotations

CUSTOMERS = """
[connections.desk]
connector = "csv"
settings.folder = "files"

[connections.desk.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { full_name = "name", emails = ["email"] }
"""

ANSWERS = """
[connections.desk.settings.streams.answers]
files = "answers*.csv"
entity = "feedback"
key = ["no"]
timezone = "UTC"
constants = { instrument = "nps", scale_min = "0", scale_max = "10" }
columns = { at = "at", party = "who", score = "score", comment = "why" }
"""
