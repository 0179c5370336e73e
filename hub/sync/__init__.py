"""Brings records in: reads pages, compares, maps, and commits each page whole."""
