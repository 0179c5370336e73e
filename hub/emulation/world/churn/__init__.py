"""A world with hidden causes of churn: what a detector of silent churn is measured on.

One seed makes a year of a subscription business. Its records carry what systems would know; why
somebody left is written in the truth alone. Whoever judges records must never read this package.
"""

from hub.emulation.world.churn.causes import CAUSES, Fate, Happening
from hub.emulation.world.churn.told import Told, known
from hub.emulation.world.churn.world import ChurnWorld, Subscriber

__all__ = ["CAUSES", "ChurnWorld", "Fate", "Happening", "Subscriber", "Told", "known"]
