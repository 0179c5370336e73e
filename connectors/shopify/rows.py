"""What a row is, and how its values are read.

A *row* is one node as GraphQL returned it, with plain lists in place of its connections:

    {"id": "gid://shopify/Customer/7", "updatedAt": "2026-…", "firstName": "…",
     "addressesV2": [{…}], "metafields": [{"namespace": "loyalty", "key": "card_number", …}]}
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Any

from hub.core.connector import Row
from hub.core.money import minor_units
from hub.core.pages import dig
from hub.core.values import Object, Values, text

KEY = "id"
UPDATED = "updatedAt"
ORDER = "order"

VALUES = Values("Shopify", KEY)

_CURRENCY = re.compile("[A-Z]{3}")


def gid(kind: str, number: object) -> str:
    """The global id of a record that a webhook names by its number.

    >>> gid("Customer", 7)
    'gid://shopify/Customer/7'
    """
    return f"gid://shopify/{kind}/{number}"


def refund_rows(orders: list[Row]) -> list[Row]:
    """One row per refund: its order beside it, and the order's time of change, which it moves."""
    return [
        {
            **refund,
            UPDATED: order.get(UPDATED),
            ORDER: {name: order.get(name) for name in (KEY, "name", "customer")},
        }
        for order in orders
        for refund in objects(order, "refunds")
    ]


def inside(row: Object, path: str) -> dict[str, Any]:
    """The object at a dotted path; an empty one where there is none."""
    value = dig(row, path)
    return value if isinstance(value, dict) else {}


def objects(row: Object, name: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    value = row.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def money(row: Object, path: str) -> tuple[int, str] | None:
    """Minor units and currency of the amount at a dotted path; None without one or the other.

    Raises:
        SkipRecord: If amount or currency is there and is none.
    """
    held = inside(row, path)
    currency = VALUES.read(held, "currencyCode", _currency, "an ISO 4217 code")
    if currency is None:
        return None
    amount = VALUES.read(held, "amount", partial(_minor, currency), "an amount")
    return None if amount is None else (amount, currency)


def metafields(row: Object) -> dict[str, str]:
    """The values of the row's metafields, by ``namespace.key``."""
    return {
        f"{text(found, 'namespace')}.{text(found, 'key')}": value
        for found in objects(row, "metafields")
        if (value := text(found, "value")) is not None
    }


def _minor(currency: str, amount: str) -> int:
    return minor_units(Decimal(amount), currency)


def _currency(code: str) -> str | None:
    return code if _CURRENCY.fullmatch(code) else None
