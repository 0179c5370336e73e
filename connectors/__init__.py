"""The connectors that ship with cxhub, one folder per system, met through entry points."""
