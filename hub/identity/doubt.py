"""Records whose owner is in doubt: a steward is still asked whether they are somebody else's.

A pair in review joins nothing. Until it is decided, a record of it may belong to the other
customer, and what is known of its own one must not be told where a wrong guess tells a stranger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from hub.core.ids import Rid, SourceKey
from hub.identity.parties import row_ids
from hub.identity.stewardship import active
from hub.store.records import chunks
from hub.store.schema import cluster_members, links


def in_doubt(connection: Connection, rids: Collection[int]) -> set[int]:
    """Those of the records that are in a pair in review whose other record is another customer's.

    A pair that a steward has decided, or whose records came together by other links, is no doubt.
    """
    open_pairs = [pair for pair in _reviewed(connection, rids) if pair[0] in set(rids)]
    decided = _decided(connection) if open_pairs else frozenset()
    return {one for one, two in open_pairs if frozenset((one, two)) not in decided}


def _reviewed(connection: Connection, rids: Collection[int]) -> Iterator[tuple[int, int]]:
    """The pairs in review across two customers, the record that was asked for first."""
    near, far = cluster_members.alias("near"), cluster_members.alias("far")
    for chunk in chunks(sorted(rids)):
        for one, two in ((links.c.rid_a, links.c.rid_b), (links.c.rid_b, links.c.rid_a)):
            query = (
                select(one, two, near.c.golden_id, far.c.golden_id)
                .outerjoin(near, near.c.rid == one)
                .outerjoin(far, far.c.rid == two)
                .where(one.in_(chunk), links.c.verdict == "review")
            )
            for here, there, own, other in connection.execute(query):
                if own is None or own != other:
                    yield here, there


def _decided(connection: Connection) -> frozenset[frozenset[Rid]]:
    """The pairs that a steward has bound or separated."""
    pairs = [(SourceKey.parse(each.a), SourceKey.parse(each.b)) for each in active(connection)]
    rids = row_ids(connection, {key for pair in pairs for key in pair})
    known = ((rids.get(a), rids.get(b)) for a, b in pairs)
    return frozenset(frozenset((a, b)) for a, b in known if a is not None and b is not None)
