"""The systems that a world can have: how much each knows, how sloppily, and what it records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SystemProfile:
    """The habits of one system.

    Attributes:
        kind: ``crm``, ``pos``, ``shop``, ``loyalty``, ``survey`` or ``helpdesk``.
        coverage: Share of people that have a record there (of card holders, for ``loyalty``).
        duplicates: Share of those that have a second record.
        fills: Share of records that carry a field at all.
        mailboxes: Which address a person gives there: ``current``, ``former`` or ``work``.
        unique_email: The system refuses a second record with the same e-mail.
        local_id: Pattern of a local id, filled with a running number.
        holds: The facts that it records, of ``orders``, ``deals``, ``tickets``, ``surveys``,
            ``consents``.
    """

    kind: str
    coverage: float
    duplicates: float
    fills: Mapping[str, float]
    mailboxes: Mapping[str, float]
    local_id: str
    unique_email: bool = False
    holds: frozenset[str] = field(default_factory=frozenset)


_CRM = {"email": 0.93, "phone": 0.8, "born": 0.65, "address": 0.65, "loyalty_no": 0.45}
_TILL = {"email": 0.6, "phone": 0.85, "born": 0.4, "address": 0.55, "loyalty_no": 0.8}
_CLUB = {"email": 0.88, "phone": 0.85, "born": 0.92, "address": 0.9, "loyalty_no": 1.0}
_PANEL = {"email": 0.97, "phone": 0.65, "born": 0.65, "address": 0.3, "loyalty_no": 0.55}
_DESK = {"email": 0.92, "phone": 0.8, "born": 0.45, "address": 0.4, "loyalty_no": 0.55}
_SHOP = {"email": 0.99, "phone": 0.7, "born": 0.05, "address": 0.95, "loyalty_no": 0.4}
_AT_WORK = {"current": 62, "former": 12, "work": 26}
_AT_HOME = {"current": 83, "former": 13, "work": 4}
_CRM_FACTS = frozenset({"deals", "tickets", "surveys", "consents"})

SYSTEMS: Mapping[str, SystemProfile] = {
    "hubspot": SystemProfile(
        "crm", 0.7, 0.17, _CRM, _AT_WORK, "{:d}", unique_email=True, holds=_CRM_FACTS
    ),
    "salesforce": SystemProfile(
        "crm", 0.45, 0.17, _CRM, _AT_WORK, "0035g{:010d}AAA", holds=_CRM_FACTS
    ),
    "pos": SystemProfile(
        "pos", 0.72, 0.06, _TILL, _AT_HOME, "C{:06d}", holds=frozenset({"orders"})
    ),
    "shopify": SystemProfile(
        "shop",
        0.5,
        0.05,
        _SHOP,
        _AT_HOME,
        "{:d}",
        unique_email=True,
        holds=frozenset({"orders", "consents"}),
    ),
    "loyalty": SystemProfile(
        "loyalty", 0.95, 0.02, _CLUB, _AT_HOME, "M{:06d}", holds=frozenset({"consents"})
    ),
    "surveys": SystemProfile(
        "survey", 0.4, 0.04, _PANEL, _AT_HOME, "R{:05d}", holds=frozenset({"surveys"})
    ),
    "support": SystemProfile(
        "helpdesk", 0.36, 0.08, _DESK, _AT_HOME, "U-{:05d}", holds=frozenset({"tickets"})
    ),
    "zendesk": SystemProfile(
        "helpdesk",
        0.4,
        0.08,
        _DESK,
        _AT_HOME,
        "{:d}",
        unique_email=True,
        holds=frozenset({"tickets", "surveys"}),
    ),
}
"""Every system by the name that a world, a configuration and an emulator use for it."""

DEFAULT_SYSTEMS = ("hubspot", "pos", "loyalty", "surveys", "support")
