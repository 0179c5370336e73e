"""Shipped with the hub: what an author needs to prove a connector.

``CHECKS`` are the promises of the connector contract as distinct checks; ``conduct`` runs one
against a connector and its emulator, ``examine`` all of them for a graded report.
"""

from hub.testing.check import Check, Finding, Grade, conduct
from hub.testing.conformance import CHECKS, Report, examine, findings
from hub.testing.rig import NotApplicable, Subject, Violation

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "Grade",
    "NotApplicable",
    "Report",
    "Subject",
    "Violation",
    "conduct",
    "examine",
    "findings",
]
