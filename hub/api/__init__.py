"""The programs' door: what is served over HTTP."""
