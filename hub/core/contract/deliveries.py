"""Deliveries: what a vendor pushes becomes pages, which go the way of all pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.core.contract.context import Context
from hub.core.contract.reading import Page


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request by which a vendor told of a change, as it arrived.

    Args:
        method: HTTP method, upper case.
        url: Where the vendor sent it, query included: some vendors sign it. It is the path as
            called, under the public address that the connection's settings name, if they do.
        headers: By name in lower case.
        body: The raw bytes; they are what was signed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified push from the vendor becomes pages on the ordinary path.

    The pages' ``next_state`` is ignored: a delivery says nothing about what else has changed, so
    polling goes on from its own checkpoint.

    Args:
        verify: Raises ``SkipRecord`` if signature or time is wrong (``hub.core.webhooks``).
        parse: Delivery to (stream name, page) pairs, of the streams that ``ctx.reads``. A delivery
            that names only ids is completed here, by asking the vendor; it may be parsed twice
            after a crash.
        event_id: Identifies a delivery, so that a repeated one is stored once. Called after
            ``verify``.
        rereads: Whether ``parse`` asks the vendor for every record that it returns. If not, its
            rows are as old as the delivery, and one that comes late must not undo a newer one: the
            hub drops rows whose ``Stream.updated`` is older than what it holds.
    """

    verify: Callable[[Context, Delivery], None]
    parse: Callable[[Context, Delivery], Sequence[tuple[str, Page]]]
    event_id: Callable[[Delivery], str]
    rereads: bool = False
