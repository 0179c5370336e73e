"""Vendor emulators and the simulated world that fills them; shipped, imports hub.core only."""
