"""The seeded world simulator: one seed makes a town of customers and what five systems know.

``World.build(seed)`` gives the same world, and its files the same bytes, on every machine. The
vocabulary is in ``model``; ``population`` makes people, ``presence`` what systems believe about
them, the other modules what happens; ``files`` and ``truth`` write it all down.
"""

from hub.emulation.world.simulation import World
from hub.emulation.world.systems import DEFAULT_SYSTEMS, SYSTEMS

__all__ = ["DEFAULT_SYSTEMS", "SYSTEMS", "World"]
