"""What resolvers know of the request that they answer, and the shortest ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

from connectors.shopify.emulator.access import ORDERS_VISIBLE, OWNER_SCOPES
from connectors.shopify.emulator.connections import Connection, listed, page
from connectors.shopify.emulator.refusals import access_denied
from connectors.shopify.emulator.sales_records import Order
from connectors.shopify.emulator.shop import Shop

Info: TypeAlias = GraphQLResolveInfo
Resolver: TypeAlias = Callable[..., Any]


@dataclass
class Request:
    """One GraphQL request, past authentication and limits.

    Attributes:
        scopes: What its token grants.
        version: The API version that answers.
        spoiled: How many items of a list an injected fault makes fail.
        warnings: Searches that were not understood in part, each with the path of its connection.
    """

    shop: Shop
    scopes: frozenset[str]
    version: str
    spoiled: int = 0
    warnings: list[Mapping[str, object]] = field(default_factory=list)

    def shows(self, order: Order) -> bool:
        """Whether the token may see an order of that age."""
        young = order.created_at >= self.shop.now() - ORDERS_VISIBLE
        return young or "read_all_orders" in self.scopes


def request_of(info: Info) -> Request:
    """The request that is answered."""
    request: Request = info.context
    return request


def shop_of(info: Info) -> Shop:
    """The shop that answers."""
    return request_of(info).shop


def require_owner(info: Info, kind: str, verb: str) -> None:
    """Let a request pass that may ``read`` or ``write`` records of a kind.

    Raises:
        GraphQLError: ACCESS_DENIED.
    """
    family = OWNER_SCOPES.get(kind)
    if family and f"{verb}_{family}" not in request_of(info).scopes:
        raise access_denied(info.field_name, f"{verb}_{family}")


# --- resolvers for what is close at hand -----------------------------------------------------


def reading(path: str) -> Resolver:
    """A field that shows an attribute, or an attribute of an attribute."""
    read = attrgetter(path)
    return lambda source, _info, **_arguments: read(source)


def always(value: object) -> Resolver:
    """A field that is the same for every record of this shop."""
    return lambda _source, _info, **_arguments: value


def pages_of(path: str) -> Resolver:
    """A connection over a list that hangs on the record."""
    read = attrgetter(path)

    def connect(source: Any, _info: Info, **arguments: Any) -> Connection:
        return page(listed(read(source)), arguments)

    return connect
