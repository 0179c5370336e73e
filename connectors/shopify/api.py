"""What the connector asks of Shopify: one method each, its answers as plain JSON objects.

A query may be sent twice. So may each mutation used here: metafields and consent states are set to
values, a definition exists once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from connectors.shopify import documents
from connectors.shopify.config import ShopifySettings
from connectors.shopify.documents import Kind
from hub.core.batches import in_batches
from hub.core.connector import Context, Row
from hub.core.errors import StopRun
from hub.core.pages import dig

MOST = 250
"""Most nodes of a page."""
LOOKED_UP = 100
"""Ids of one look-up."""
POINTS = 900
"""What a query that is sized beforehand may cost; Shopify refuses more than 1,000."""
SETS = 25
"""Most metafields that one mutation sets."""


class Listed(NamedTuple):
    """One page of a connection, and the cursor after it; None at the end."""

    nodes: list[Row]
    after: str | None


class Api:
    """The queries and mutations that the connector uses.

    Args:
        ctx: The connection.
    """

    def __init__(self, ctx: Context) -> None:
        settings: ShopifySettings = ctx.config
        self._ctx = ctx
        self._path = f"/admin/api/{settings.api_version}/graphql.json"
        self._told: set[str] = set()

    # Reading.

    def page(
        self, kind: Kind, keys: Sequence[str], *, first: int, query: str | None
    ) -> tuple[list[Row], bool]:
        """Nodes by ascending id, and whether there are more of them.

        The nodes are whole: their inner connections are read to the end.
        """
        document = documents.listing(kind, metafields=bool(keys))
        data = self._ask(document, {"first": first, "query": query} | _wanted(keys))
        nodes, after = _listed(data, kind.root)
        return [self._whole(kind, node) for node in nodes], after is not None

    def ids(self, kind: Kind, *, query: str | None) -> tuple[list[str], bool]:
        """Ids in ascending order, and whether there are more of them."""
        data = self._ask(documents.identities(kind), {"first": MOST, "query": query})
        nodes, after = _listed(data, kind.root)
        return [str(node.get("id")) for node in nodes], after is not None

    def by_id(self, kind: Kind, ids: Sequence[str], keys: Sequence[str]) -> list[Row]:
        """The nodes that exist among up to 100 ids."""
        document = documents.by_id(kind, metafields=bool(keys))
        data = self._ask(document, {"ids": _possible(kind.type, ids)} | _wanted(keys))
        return [self._whole(kind, node) for node in _dicts(data.get("nodes")) if node]

    def _whole(self, kind: Kind, node: Row) -> Row:
        """The node with plain lists in place of its connections."""
        for name in kind.nested:
            if name in node:
                node[name] = list(self._all(kind, node, name))
        if "metafields" in node:
            node["metafields"] = _dicts(dig(node, "metafields.nodes"))
        return node

    def _all(self, kind: Kind, node: Row, name: str) -> Iterator[Row]:
        listed = _listed(node, name)
        yield from listed.nodes
        while listed.after is not None:
            asked = {"id": node.get("id"), "after": listed.after}
            data = self._ask(documents.further(kind, name), asked)
            if not data.get("node"):
                return  # deleted meanwhile: the next listing says so
            listed = _listed(data["node"], name)
            yield from listed.nodes

    # Metafields of the hub's own.

    def held_metafields(self, ids: Sequence[str], keys: Sequence[str]) -> dict[str, list[Row]]:
        """By customer id, those of the metafields ``namespace.key`` that are set.

        Customers that do not exist are left out.
        """
        found: dict[str, list[Row]] = {}
        size = min(MOST, POINTS // (3 + len(keys)))  # a customer, a connection, its metafields
        for batch in in_batches(_possible("Customer", ids), max(1, size)):
            data = self._ask(documents.HELD_METAFIELDS, {"ids": list(batch)} | _wanted(keys))
            for node in _dicts(data.get("nodes")):
                found[str(node.get("id"))] = _dicts(dig(node, "metafields.nodes"))
        return found

    def set_metafields(self, inputs: Sequence[Mapping[str, object]]) -> list[Row]:
        """Errors of setting up to 25 metafields; none means that every one was set."""
        return self._mutate(documents.SET_METAFIELDS, "metafieldsSet", {"metafields": inputs})

    def delete_metafields(self, inputs: Sequence[Mapping[str, object]]) -> list[Row]:
        """Errors of deleting metafields; one that does not exist is no error."""
        return self._mutate(documents.DELETE_METAFIELDS, "metafieldsDelete", {"metafields": inputs})

    def definitions(self) -> set[str]:
        """The customer metafields that are defined, as ``namespace.key``."""
        found: set[str] = set()
        after: str | None = None
        while True:
            data = self._ask(documents.DEFINITIONS, {"after": after})
            nodes, after = _listed(data, "metafieldDefinitions")
            found |= {f"{node.get('namespace')}.{node.get('key')}" for node in nodes}
            if after is None:
                return found

    def define(self, definition: Mapping[str, object]) -> list[Row]:
        """Errors of creating one metafield definition."""
        asked = {"definition": definition}
        return self._mutate(documents.DEFINE_METAFIELD, "metafieldDefinitionCreate", asked)

    # Consent, the shop.

    def set_email_consent(self, asked: Mapping[str, object]) -> list[Row]:
        """Errors of setting one customer's e-mail marketing state."""
        name = "customerEmailMarketingConsentUpdate"
        return self._mutate(documents.EMAIL_CONSENT, name, {"input": asked})

    def set_sms_consent(self, asked: Mapping[str, object]) -> list[Row]:
        """Errors of setting one customer's SMS marketing state."""
        name = "customerSmsMarketingConsentUpdate"
        return self._mutate(documents.SMS_CONSENT, name, {"input": asked})

    def account(self) -> Row:
        """The shop, and what the app was granted."""
        return self._ask(documents.ACCOUNT, {})

    def some_customers(self) -> list[Row]:
        """A few customers with their protected fields."""
        return _listed(self._ask(documents.SOME_CUSTOMERS, {}), "customers").nodes

    # The wire.

    def _mutate(self, document: str, name: str, variables: Mapping[str, object]) -> list[Row]:
        data = self._ask(document, variables)
        if not isinstance(data.get(name), dict):
            raise StopRun(f"{self._ctx.connection}: {name} was answered without a result")
        return _dicts(data[name].get("userErrors"))

    def _ask(self, document: str, variables: Mapping[str, object]) -> Row:
        """The data of one answer; ``client.translate`` has raised what is no success."""
        body = {"query": document, "variables": dict(variables)}
        answer = self._ctx.wire.post(self._path, json=body, idempotent=True)
        self._note(answer.headers.get("x-shopify-api-deprecated-reason"))
        data: Row = answer.json["data"]
        return data

    def _note(self, deprecated: str | None) -> None:
        if deprecated and deprecated not in self._told:
            self._told.add(deprecated)
            told = "%s: Shopify calls a field deprecated that is still asked for: %s"
            self._ctx.log.warning(told, self._ctx.connection, deprecated)


def _wanted(keys: Sequence[str]) -> dict[str, object]:
    return {"metafields": len(keys), "keys": list(keys)} if keys else {}


def _listed(parent: Row, name: str) -> Listed:
    """The page that stands under ``name``.

    Raises:
        StopRun: If there is none: a failed listing is not an empty one.
    """
    connection = parent.get(name)
    if not isinstance(connection, dict) or not isinstance(connection.get("nodes"), list):
        raise StopRun(f"the answer holds no list of {name}. Compare api_version with the README")
    more = dig(connection, "pageInfo.hasNextPage")
    after = dig(connection, "pageInfo.endCursor")
    if more and not (after and connection["nodes"]):
        raise StopRun(f"the list of {name} goes on, but Shopify does not say where")
    return Listed(_dicts(connection["nodes"]), str(after) if more else None)


def _possible(kind: str, ids: Sequence[str]) -> list[str]:
    """The ids that can be one of a ``kind``: any other one makes Shopify refuse the whole query."""
    pattern = re.compile(rf"gid://shopify/{kind}/\d+")
    return [each for each in ids if pattern.fullmatch(each)]


def _dicts(value: object) -> list[Row]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
